// Loaded only when somebody looks at a chart.
import { BarController, BarElement, CategoryScale, Chart, Filler, Legend, LineController, LineElement, LinearScale, PointElement, Tooltip } from "chart.js";

import type { Drawing } from "./drawing";
import { money, short } from "./format";

Chart.register(BarController, BarElement, CategoryScale, Filler, Legend, LineController, LineElement, LinearScale, PointElement, Tooltip);
Chart.defaults.animation = false;
Chart.defaults.maintainAspectRatio = false;

/** Told apart on dark and on light paper, and by who sees few colours (after Okabe and Ito). */
const COLOURS = ["#1098ad", "#e8890c", "#7a5cc9", "#2f9e56", "#d6456b", "#8a6d1d", "#4c7fd9", "#b0559f", "#5f8a8b", "#c1663a", "#6b7785", "#94a626"];
const LONG_LABEL = 14;
const MANY = 8;

/** Draws on the canvas in the colours of the page; ends with `destroy`. */
export function draw(canvas: HTMLCanvasElement, { labels, series, isLine, isStacked }: Drawing): Chart {
  const style = getComputedStyle(canvas);
  const [ink, line] = [style.color, style.borderTopColor];
  const lies = !isLine && isLying(labels);
  const [currency] = series.map(({ currency }) => currency);
  const labelled = { stacked: isStacked, grid: { display: false }, ticks: { color: ink, autoSkip: isLine }, border: { color: line } };
  const measured = {
    stacked: isStacked,
    beginAtZero: true,
    grid: { color: line },
    border: { display: false },
    ticks: { color: ink, precision: currency ? undefined : 0, callback: (value: string | number) => short(Number(value), currency) },
  };
  return new Chart(canvas, {
    type: isLine ? "line" : "bar",
    data: {
      labels,
      datasets: series.map(({ name, values }, index) => {
        const colour = COLOURS[index % COLOURS.length]!;
        const filled = isLine && series.length === 1;
        return { label: name, data: values, backgroundColor: filled ? `${colour}33` : colour, borderColor: colour, fill: filled, maxBarThickness: 44 };
      }),
    },
    options: {
      indexAxis: lies ? "y" : "x",
      scales: lies ? { x: measured, y: labelled } : { x: labelled, y: measured },
      plugins: {
        legend: { display: series.length > 1, labels: { color: ink, boxWidth: 14 } },
        tooltip: {
          callbacks: {
            label: ({ dataset, datasetIndex, raw }) => {
              const currency = series[datasetIndex]?.currency;
              return `${dataset.label}: ${currency ? money(Number(raw), currency) : Number(raw).toLocaleString(navigator.language)}`;
            },
          },
        },
      },
    },
  });
}

/** Long or many labels are read best on lines of their own. */
export function isLying(labels: string[]): boolean {
  return labels.length > MANY || labels.some((label) => label.length > LONG_LABEL);
}
