//! Processor time and memory of a program with all it has started.

use anyhow::Result;
use std::{collections::HashMap, time::Duration};

/// A program and its descendants, now.
fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if let Some(parent) = stat(id).and_then(|fields| fields.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut all = vec![root];
    let mut next = 0;
    while let Some(process) = all.get(next) {
        all.extend(children.remove(process).unwrap_or_default());
        next += 1;
    }
    all
}

/// The fields of `/proc/PID/stat` after the program's name.
fn stat(id: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

/// Proportional set size of a program and its descendants, MiB.
pub(crate) fn memory(root: u32) -> f64 {
    let kib: f64 = tree(root)
        .into_iter()
        .filter_map(|id| std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok())
        .filter_map(|text| {
            let line = text.lines().find(|line| line.starts_with("Pss:"))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .sum();
    kib / 1_024.0
}

/// Processor time a program and its descendants use over `time`, percent of one core.
pub(crate) async fn processor(root: u32, time: Duration) -> Result<f64> {
    let before = ticks(root);
    tokio::time::sleep(time).await;
    let used = ticks(root).saturating_sub(before) as f64;
    // Linux counts in hundredths of a second on every machine it runs a desktop on.
    Ok(used / time.as_secs_f64())
}

/// Processor time a program and its descendants have used so far, seconds.
pub(crate) fn seconds(root: u32) -> f64 {
    ticks(root) as f64 / 100.0
}

fn ticks(root: u32) -> u64 {
    tree(root)
        .into_iter()
        .filter_map(stat)
        .filter_map(|fields| {
            Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
        })
        .sum()
}
