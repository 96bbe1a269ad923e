import "./app.css";
import { mount } from "svelte";
import { openDesk } from "$ipc/open";
import { connect } from "$shared/desk.svelte";
import App from "./views/App.svelte";

const target = document.getElementById("root");
if (!target) throw new Error("the page has no root");
await connect(await openDesk());
mount(App, { target });
