//! What a program is made of, as CycloneDX 1.5: the crates that are linked into it and the packages
//! of its windows, each with version, licence and where it comes from.

use crate::{
    paths,
    process::{cargo, output},
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// The list of one crate's program on one system.
///
/// # Errors
/// When cargo or the windows' lock file cannot be read.
pub(super) fn list(krate: &str, triple: &str) -> Result<String> {
    let metadata = output(&mut cargo(&[
        "metadata",
        "--format-version=1",
        "--locked",
        "--filter-platform",
        triple,
    ]))?;
    let lock = fs::read_to_string(paths::root().join("ui/package-lock.json"))?;
    let bom = of(
        krate,
        &serde_json::from_str(&metadata)?,
        &serde_json::from_str(&lock)?,
    )?;
    Ok(serde_json::to_string_pretty(&bom)? + "\n")
}

fn of(krate: &str, metadata: &Value, lock: &Value) -> Result<Value> {
    let packages: BTreeMap<&str, &Value> = list_of(&metadata["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let nodes: BTreeMap<&str, Vec<&str>> = list_of(&metadata["resolve"]["nodes"])
        .filter_map(|node| Some((node["id"].as_str()?, linked(node))))
        .collect();
    let root = packages
        .iter()
        .find(|(_, package)| package["name"] == krate)
        .map(|(id, _)| *id)
        .with_context(|| format!("there is no crate {krate}"))?;

    let mut found = BTreeSet::new();
    let mut rest = vec![root];
    while let Some(id) = rest.pop() {
        if found.insert(id) {
            rest.extend(nodes.get(id).into_iter().flatten().copied());
        }
    }
    let reference = |id: &str| {
        packages
            .get(id)
            .map_or_else(|| id.to_owned(), |package| address("cargo", package))
    };
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    let window = windows_packages(lock);
    for id in &found {
        let mut needed: Vec<String> = nodes[id].iter().map(|id| reference(id)).collect();
        if *id == root {
            needed.extend(window.iter().map(|package| address("npm", package)));
        } else {
            components.push(component("cargo", packages[id]));
        }
        dependencies.push(json!({ "ref": reference(id), "dependsOn": needed }));
    }
    components.extend(window.iter().map(|package| component("npm", package)));
    let mut program = component("cargo", packages[root]);
    program["type"] = "application".into();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": program },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// What is linked into a crate, not what only builds or tests it.
fn linked(node: &Value) -> Vec<&str> {
    list_of(&node["deps"])
        .filter(|dependency| list_of(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null()))
        .filter_map(|dependency| dependency["pkg"].as_str())
        .collect()
}

/// The packages of the windows that are not only for their making, each once.
fn windows_packages(lock: &Value) -> Vec<Value> {
    let mut found = BTreeMap::new();
    let packages = lock["packages"].as_object().into_iter().flatten();
    for (path, package) in packages {
        let Some((_, name)) = path.rsplit_once("node_modules/") else {
            continue;
        };
        let is_only_for_making = |word: &str| package[word] == true;
        if ["dev", "devOptional", "optional"]
            .iter()
            .any(|word| is_only_for_making(word))
        {
            continue;
        }
        let package = json!({
            "name": name,
            "version": package["version"],
            "license": package["license"],
        });
        found.insert(address("npm", &package), package);
    }
    found.into_values().collect()
}

fn component(registry: &str, package: &Value) -> Value {
    let address = address(registry, package);
    let mut component = json!({
        "type": "library",
        "bom-ref": address,
        "name": package["name"],
        "version": package["version"],
        "purl": address,
    });
    if let Some(licence) = package["license"].as_str() {
        // Old crates divide alternatives by a slash, which SPDX does not know.
        let licence = licence.replace('/', " OR ");
        component["licenses"] = json!([{ "expression": licence }]);
    }
    component
}

/// A package's address (purl), which is its name here too.
fn address(registry: &str, package: &Value) -> String {
    let text = |name: &str| package[name].as_str().unwrap_or_default();
    let name = text("name").replace('@', "%40");
    format!("pkg:{registry}/{name}@{}", text("version"))
}

fn list_of(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_listed_and_what_only_builds_is_not() {
        let package = |name: &str, licence| json!({ "id": name, "name": name, "version": "1.0.0", "license": licence });
        let needs =
            |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [
                package("shell", "MIT"), package("desk", "MIT/Apache-2.0"),
                package("cc", "MIT"), package("mock", "MIT"), package("other", "MIT"),
            ],
            "resolve": { "nodes": [
                { "id": "shell", "deps": [
                    needs("desk", Value::Null), needs("cc", "build".into()), needs("mock", "dev".into()),
                ]},
                { "id": "desk", "deps": [] },
                { "id": "cc", "deps": [] },
                { "id": "mock", "deps": [] },
                { "id": "other", "deps": [needs("desk", Value::Null)] },
            ]},
        });
        let lock = json!({ "packages": {
            "": { "name": "ui" },
            "node_modules/@a/b": { "version": "2.0.0", "license": "MIT" },
            "node_modules/vite": { "version": "8.0.0", "dev": true },
        }});
        let bom = of("shell", &metadata, &lock).unwrap();
        let names: Vec<_> = list_of(&bom["components"])
            .map(|component| component["bom-ref"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["pkg:cargo/desk@1.0.0", "pkg:npm/%40a/b@2.0.0"]);
        assert_eq!(
            bom["components"][0]["licenses"][0]["expression"],
            "MIT OR Apache-2.0"
        );
        assert_eq!(bom["metadata"]["component"]["type"], "application");
        assert_eq!(
            bom["dependencies"][1],
            json!({ "ref": "pkg:cargo/shell@1.0.0", "dependsOn": names })
        );
    }
}
