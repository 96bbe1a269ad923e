//! Results as a table: ours, the rival's, and their ratio.

/// One measured thing.
struct Row {
    what: String,
    ours: f64,
    unit: &'static str,
    rival: Option<(&'static str, f64)>,
}

/// What a benchmark found.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a figure that has a rival.
    pub(crate) fn compare(
        &mut self,
        what: &str,
        ours: f64,
        unit: &'static str,
        rival: (&'static str, f64),
    ) {
        self.rows.push(Row {
            what: what.into(),
            ours,
            unit,
            rival: Some(rival),
        });
    }

    /// Adds a figure without one.
    pub(crate) fn note(&mut self, what: &str, ours: f64, unit: &'static str) {
        self.rows.push(Row {
            what: what.into(),
            ours,
            unit,
            rival: None,
        });
    }

    /// Prints it with the machine's load, which decides whether wall-clock figures mean anything.
    pub(crate) fn print(&self) {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        println!(
            "\nload average: {}",
            load.split(' ').take(3).collect::<Vec<_>>().join(" ")
        );
        println!("| what | Seatline | rival | ratio |\n|---|---:|---:|---:|");
        for Row {
            what,
            ours,
            unit,
            rival,
        } in &self.rows
        {
            match rival {
                Some((name, theirs)) => println!(
                    "| {what} | {ours:.1} {unit} | {name} {theirs:.1} {unit} | {:.2} |",
                    ours / theirs
                ),
                None => println!("| {what} | {ours:.1} {unit} | | |"),
            }
        }
    }
}

/// The middle value; the mean of the two middle ones for an even count.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&mut [4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(&mut []).is_nan());
    }
}
