import "./app.css";
import { mount } from "svelte";
import { openDesk } from "$ipc/open";
import { connect } from "$shared/desk.svelte";
import CardView from "./views/CardView.svelte";

const target = document.getElementById("root");
if (!target) throw new Error("the page has no root");
await connect(await openDesk());
mount(CardView, { target });
