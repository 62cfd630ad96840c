#!/usr/bin/env node
// Prints the tables of costs in docs/scale.md: node scripts/costs.mjs [--write]
//
// From the operations that docs/scale.md counts (ScaleTests), the prices and assumptions in docs/prices.json, and what the template
// deploys by default (Golden/default.md). With --write, it replaces the tables between the markers in docs/scale.md. To calculate with
// your own prices or another size of object, change docs/prices.json.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const read = path => readFileSync(new URL(path, root), 'utf8').replaceAll('\r', '');
const page = read('docs/scale.md');
const { asOf, basis, sources, prices, assumptions } = JSON.parse(read('docs/prices.json'));

const hoursOfMonth = 730;
const daysOfMonth = 30;
const freeDaysOfLogs = 31;

// The table whose first column has the heading, as columns of numbers by row.
function readTable(heading) {
  const lines = page.split('\n');
  const begin = lines.findIndex(line => line.startsWith(`| ${heading} |`));
  const rows = [];
  for (let index = begin; lines[index]?.startsWith('|'); index++) {
    rows.push(lines[index].slice(2, -2).split(' | '));
  }

  return Object.fromEntries(rows[0].slice(1).map((column, index) =>
    [column, Object.fromEntries(rows.slice(2).map(row => [row[0], Number(row[index + 1].replaceAll(',', ''))]))]));
}

// How often a text occurs in a file of the repository, or in all files of a folder with an ending.
const count = (text, path) => read(path).split(text).length - 1;
const countInFolder = (pattern, folder) => readdirSync(new URL(folder, root)).filter(name => name.endsWith('.cs'))
  .reduce((sum, name) => sum + (read(`${folder}/${name}`).match(pattern) ?? []).length, 0);

const storage = counts =>
  (counts['queue write'] + counts['queue read'] + counts['queue delete']) * prices['10,000 queue operations'] / 10_000
  + (counts['blob write'] + counts['blob list']) * prices['10,000 blob writes'] / 10_000
  + counts['blob read'] * prices['10,000 blob reads'] / 10_000
  + (counts['table write'] + counts['table query']) * prices['10,000 table operations'] / 10_000;
const functions = counts => counts['function run'] * (prices['1,000,000 function runs'] / 1_000_000
  + assumptions['GB of memory of an instance'] * prices['GB-second'] / assumptions['objects per second and instance']);

// Application Insights keeps its tables for 90 days in the price of ingestion; the archive's logs are charged after the first month.
const logs = (counts, archived) => {
  const ofArchive = (counts['blob write'] + counts['blob read'] + counts['blob list']) * assumptions['KB of log of a read or write of the archive'];
  const ofApp = counts['function run'] * assumptions['KB of log of a function run'] + archived * assumptions['KB of log of the app for an archived object'];
  const kept = Math.max(0, assumptions['days that logs are kept'] - freeDaysOfLogs) / daysOfMonth * prices['GB of logs kept for a month after the first'];
  return (ofArchive * (prices['GB of logs'] + kept) + ofApp * prices['GB of logs']) / 1_000_000;
};

const money = amount => amount < 100 ? amount.toFixed(2) : Math.round(amount).toLocaleString('en-US');
const table = (head, rows) => [head, head.map((_, index) => index === 0 ? '---' : '---:'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n');
const plain = number => number.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 });

const operations = readTable('operation');
const archived = 1000;
const bulk = operations['1,000 new objects'];
const again = operations['one read again alone'];
const bySize = [10_000, 1_000_000, 100_000_000].map(objects => [
  objects.toLocaleString('en-US'),
  ...[storage(bulk) / archived, functions(bulk) / archived, logs(bulk, archived) / archived,
    assumptions['MiB of an object'] / 1024 * prices['GiB kept for a month'], storage(again) + functions(again), logs(again, 0)]
    .map(cost => money(cost * objects)),
]);

const golden = 'tests/Infrastructure.Tests/Golden/default.md';
const often = count('| properties.evaluationFrequency | `PT5M` |', golden);
const seldom = count('| properties.evaluationFrequency | `PT15M` |', golden);
const endpoint = hoursOfMonth * prices['private endpoint for an hour'];
const scaled = countInFolder(/\[(?:Timer|Queue)Trigger\(/g, 'src/Functions') + 1;
const ready = 2 * scaled * assumptions['GB of memory of an instance'] * hoursOfMonth * 3600 * prices['GB-second of an instance that is always ready'];
const fixed = [
  ['alert rules', `${often} every 5 minutes, ${seldom} every 15 minutes`,
    money(often * prices['alert rule, every 5 minutes, for a month'] + seldom * prices['alert rule, every 15 minutes, for a month'])],
  ['`privateNetwork`', '5 private endpoints, 4 private DNS zones', money(5 * endpoint + 4 * prices['private DNS zone for a month'])],
  ['each other private endpoint', '1', money(endpoint)],
  ['zone redundancy', `2 instances always ready for HTTP and for each of ${scaled - 1} functions`, money(ready)],
];

const tables = `US dollars, list prices of ${asOf}: ${basis}. Free grants are not deducted. The prices are in [prices.json](prices.json), with Microsoft's pages that have today's.

${table(['price', 'USD'], Object.entries(prices).map(([what, price]) => [what, plain(price)]))}

${table(['assumption', 'value'], Object.entries(assumptions).map(([what, value]) => [what, plain(value)]))}

${table(['objects', 'to archive: storage', 'to archive: functions', 'to archive: logs', 'each month: to keep them', 'each month: to verify all', 'each month: logs of that'], bySize)
  .replace('| --- |', '| ---: |')}

${table(['each month, whatever the number of objects', 'what', 'USD'], fixed).replace('| --- | ---: |', '| --- | --- |')}
`;

if (process.argv.includes('--write')) {
  const begin = '<!-- costs -->\n';
  const end = '<!-- /costs -->';
  const text = page.slice(0, page.indexOf(begin) + begin.length) + tables + page.slice(page.indexOf(end));
  writeFileSync(fileURLToPath(new URL('docs/scale.md', root)), text);
} else {
  console.log(tables);
}

if (sources.length === 0) {
  throw new Error('docs/prices.json names no source of its prices.');
}
