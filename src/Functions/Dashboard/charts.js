// What was archived and what waits, over time: the app's samples and, after the last of them, what this page saw itself.

import { h, show, table } from "./dom.js";
import * as format from "./format.js";

const MINUTE = 60_000;
const BUCKETS = [5_000, 10_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE, 360 * MINUTE];
const MOST_BUCKETS = 60;
const MOST_SEEN = 2_000;
const HEIGHT = 150;

const seen = [];
let samples = [];
let hours = 24;
let charts = null;
let shownSeconds = 0;

/** Keeps what a poll of the status found. */
export function see(status) {
  const { objects } = status;
  seen.push({
    at: Date.now(),
    archived: (objects.Archived ?? 0) + (objects.Purged ?? 0),
    waiting: status.waiting ?? (objects.Queued ?? 0) + (objects.Restoring ?? 0),
    failed: objects.Failed ?? 0,
  });
  seen.splice(0, seen.length - MOST_SEEN);
}

export function setSamples(list) {
  samples = list.map((sample) => ({ ...sample, at: Date.parse(sample.at) })).sort((one, other) => one.at - other.at);
}

export const span = () => hours;

export function setSpan(value) {
  hours = value;
  dispose();
  draw();
}

/** All points within the span, and its ends. What began later than the span does fills the width. */
function visible() {
  const last = samples.at(-1)?.at ?? 0;
  const points = [...samples, ...seen.filter((point) => point.at > last)];
  const to = points.at(-1)?.at ?? Date.now();
  const from = Math.max(to - hours * 60 * MINUTE, Math.min(points[0]?.at ?? to, to - MINUTE));
  return { points, from, to };
}

/** How many were archived in each interval, per minute. Between two points the pace is assumed to be even. */
function throughput({ points, from, to }) {
  const size = BUCKETS.find((length) => (to - from) / length <= MOST_BUCKETS) ?? BUCKETS.at(-1);
  const times = [];
  const rates = [];
  let next = 0;
  const archivedAt = (time) => {
    while (next < points.length && points[next].at < time) {
      next++;
    }

    const after = points[Math.min(next, points.length - 1)];
    const before = points[Math.max(0, next - 1)];
    return after.at <= before.at ? after.archived : before.archived + (after.archived - before.archived) * Math.min(1, Math.max(0, (time - before.at) / (after.at - before.at)));
  };
  const start = Math.floor(from / size) * size;
  let before = points.length > 0 ? archivedAt(start) : 0;
  for (let time = start; points.length > 0 && time + size / 2 < to; time += size) {
    const after = archivedAt(time + size);
    times.push((time + size / 2) / 1000);

    // The last interval may not be over.
    rates.push(Math.max(0, after - before) * MINUTE / (Math.min(time + size, to) - time));
    before = after;
  }

  return { times, rates, size };
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function create(container, series, paths) {
  const text = colour("--muted");
  const grid = { stroke: colour("--grid"), width: 1 };
  const font = "12px system-ui, sans-serif";
  const options = {
    width: Math.max(240, container.clientWidth),
    height: HEIGHT,
    padding: [8, 24, 0, 0],
    legend: { live: true },
    cursor: { sync: { key: "activity" }, y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: true }, y: { range: (chart, least, most) => [0, Math.max(1, (most ?? 0) * 1.1)] } },
    axes: [
      { stroke: text, grid: { show: false }, ticks: { show: false }, font, size: 26, space: 80, values: (chart, times) => times.map((time) => format.axisTime(time, shownSeconds)) },
      { stroke: text, grid, ticks: { show: false }, font, size: 52, values: (chart, values) => values.map((value) => format.rate(value)) },
    ],
    series: [
      { label: "Time", value: (chart, time) => (time === null ? "" : format.localTime(time * 1000)) },
      ...series.map(({ label, stroke, fill, dash }) => ({
        label,
        stroke: colour(stroke),
        fill: fill && colour(fill),
        dash,
        width: paths ? 0 : 2,
        paths,
        points: { show: false },
        value: (chart, value) => (value === null || value === undefined ? "" : format.rate(value)),
      })),
    ],
  };
  return new uPlot(options, null, container);
}

function dispose() {
  charts?.throughput.destroy();
  charts?.backlog.destroy();
  charts = null;
}

/** Draws what there is. */
export function draw() {
  const above = document.getElementById("throughput");
  if (above.clientWidth === 0) {
    return;
  }

  const range = visible();
  const { points, from, to } = range;
  const { times, rates, size } = throughput(range);
  const inside = points.filter((point) => point.at >= from);
  shownSeconds = (to - from) / 1000;
  charts ??= {
    throughput: create(above, [{ label: "Archived per minute", stroke: "--chart-archived", fill: "--chart-archived" }], uPlot.paths.bars({ size: [0.8, 28] })),
    backlog: create(document.getElementById("backlog"), [
      { label: "Waiting", stroke: "--chart-waiting", fill: "--chart-waiting-fill" },
      { label: "Failed", stroke: "--chart-failed", dash: [6, 4] },
    ]),
  };
  const scale = { min: from / 1000, max: to / 1000 };
  charts.throughput.setData([times, rates], false);
  charts.backlog.setData([inside.map((point) => point.at / 1000), inside.map((point) => point.waiting), inside.map((point) => point.failed)], false);
  charts.throughput.setScale("x", scale);
  charts.backlog.setScale("x", scale);
  describe(inside, from, to, times, rates, size);
}

/** The charts in words and as a table, for those who do not see them. */
function describe(points, from, to, times, rates, size) {
  const covered = format.span(to - from);
  const archived = points.length > 0 ? Math.max(0, points.at(-1).archived - points[0].archived) : 0;
  const most = Math.max(0, ...points.map((point) => point.waiting));
  document.getElementById("throughput-caption").replaceChildren(h("b", null, "Archived per minute"), ` ${format.number(archived)} within ${covered}`);
  document.getElementById("backlog-caption").replaceChildren(
    h("b", null, "Not archived yet"), ` ${format.number(points.at(-1)?.waiting ?? 0)} waiting now, ${format.number(most)} at most`);
  const container = document.getElementById("activity-table");
  if (!container.closest("details").open) {
    return;
  }

  // A dozen rows say as much as sixty.
  const step = Math.max(1, Math.ceil(times.length / 12));
  const rows = [];
  for (let index = 0; index < times.length; index += step) {
    const part = rates.slice(index, index + step);
    const start = times[index] * 1000 - size / 2;
    const within = points.filter((point) => point.at < start + step * size).at(-1);
    rows.push({ start, archived: part.reduce((sum, rate) => sum + rate, 0) / part.length, waiting: within?.waiting, failed: within?.failed });
  }

  show(container, rows, () => table("Activity over time", [
    { label: "From", cell: (row) => format.localTime(row.start), header: true },
    { label: "Archived per minute", cell: (row) => format.rate(row.archived), number: true },
    { label: "Waiting at its end", cell: (row) => format.number(row.waiting), number: true },
    { label: "Failed", cell: (row) => format.number(row.failed), number: true },
  ], rows.toReversed()));
}

/** Follows the window's width and the colour scheme. */
export function start() {
  new ResizeObserver(() => {
    const width = document.getElementById("throughput").clientWidth;
    if (charts && width > 0) {
      charts.throughput.setSize({ width, height: HEIGHT });
      charts.backlog.setSize({ width, height: HEIGHT });
    } else {
      draw();
    }
  }).observe(document.getElementById("throughput"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    dispose();
    draw();
  });
  document.getElementById("activity-table").closest("details").addEventListener("toggle", draw);
}
