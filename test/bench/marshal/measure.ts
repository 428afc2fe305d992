/**
 * Measures in a process of its own: `measure.ts chain|merge SIZE RUNS` prints one line of JSON as `cmd/marshalbench`
 * does. Every run is of a graph made anew, so the first is the cold one.
 */
import { LinuxAmd64 } from '@llb-ts/llb';
import { marshal } from '@llb-ts/marshal';
import type { Report } from './report.ts';
import { type Shape, shapes } from './shapes.ts';

const [shape, size, runs] = process.argv.slice(2);
const make: number[] = [];
const marshaled: number[] = [];
const cpu: number[] = [];
let ops = 0;
let head = '';
for (let run = 0; run < Number(runs); run++) {
  let start = performance.now();
  const state = shapes[shape as Shape](Number(size));
  make.push(performance.now() - start);

  const busy = process.cpuUsage();
  start = performance.now();
  const definition = await marshal(state, { constraints: [LinuxAmd64] });
  marshaled.push(performance.now() - start);
  const { user, system } = process.cpuUsage(busy);
  cpu.push((user + system) / 1000);
  ops = definition.message.def.length;
  head = definition.head?.digest ?? '';
}
const report: Report = {
  make,
  marshal: marshaled,
  cpu,
  ops,
  head,
  peakMiB: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
