//! The plot: a bar for each line, the median of its rounds' ratios, with their spread.

use anyhow::Result;
use plotters::prelude::*;

use super::{BAR, Line, TARGET, name};

/// Bars that reach the bar in every round, and those that do not.
const GOOD: RGBColor = RGBColor(60, 130, 80);
const SHORT: RGBColor = RGBColor(205, 125, 45);
const GRID: RGBColor = RGBColor(215, 215, 215);
/// Pixels of a bar with its gap, and of what is around them.
const ROW: u32 = 24;
const LEFT: u32 = 250;
const WIDTH: u32 = 860;
const TOP: u32 = 34;
const BOTTOM: u32 = 26;

/// Operations a second of the shipped drivers ÷ Linux' front-ends, as SVG.
pub fn ratios(lines: &[Line]) -> Result<String> {
    let mut svg = String::new();
    {
        let height = TOP + BOTTOM + ROW * lines.len() as u32;
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let end = lines.iter().map(|line| line.upper).fold(TARGET, f64::max) * 1.08;
        let x = |value: f64| LEFT as i32 + (value / end * f64::from(WIDTH - LEFT - 60)) as i32;
        let text = |size: u32| ("sans-serif", size).into_font();
        let rounds = lines.iter().map(|line| line.ratios.len()).min().unwrap_or(0);
        let title = format!("Throughput of the shipped drivers ÷ Linux' front-ends, {rounds} rounds");
        area.draw(&Text::new(title, (10, 8), text(16)))?;
        let foot = (TOP + ROW * lines.len() as u32) as i32;
        let step = match end {
            wide if wide > 6.0 => 1.0,
            wide if wide > 2.5 => 0.5,
            _ => 0.2,
        };
        for tick in 0..=(end / step) as u32 {
            let value = f64::from(tick) * step;
            let colour = if (value - 1.0).abs() < 1e-9 { BLACK } else { GRID };
            area.draw(&PathElement::new([(x(value), TOP as i32), (x(value), foot)], colour))?;
            area.draw(&Text::new(format!("{value:.1}"), (x(value) - 9, foot + 6), text(12)))?;
        }
        for (index, line) in lines.iter().enumerate() {
            let top = (TOP + ROW * index as u32) as i32 + 4;
            let colour = if line.lower >= BAR { GOOD } else { SHORT };
            let bar = [(x(0.0), top), (x(line.median), top + ROW as i32 - 9)];
            area.draw(&Rectangle::new(bar, colour.filled()))?;
            let middle = top + ROW as i32 / 2 - 4;
            let spread = [(x(line.lower), middle), (x(line.upper), middle)];
            area.draw(&PathElement::new(spread, BLACK.stroke_width(2)))?;
            area.draw(&Text::new(name(&line.work), (10, top + 1), text(13)))?;
            let label = (x(line.upper.max(line.median)) + 6, top + 1);
            area.draw(&Text::new(format!("{:.2}", line.median), label, text(13)))?;
        }
        area.present()?;
    }
    Ok(svg)
}
