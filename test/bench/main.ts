/** `npm run bench`: every comparison, as a table and, with `--json`, as data. */
import { noEngine } from '../support/docker/engine.ts';
import type { Figures } from './compare.ts';
import { benchDrivers } from './drivers.ts';
import { benchHooks } from './hooks.ts';

const figures = {
  hooks: await benchHooks(500),
  ...(noEngine ? {} : await benchDrivers(100)),
};

if (process.argv.includes('--json')) console.log(JSON.stringify(figures, undefined, 2));
else
  for (const [bench, cases] of Object.entries<Record<string, Figures>>(figures)) {
    console.log(`${bench} (microseconds a call)`);
    for (const [name, { p50, p95, ratio }] of Object.entries(cases))
      console.log(
        `  ${name.padEnd(32)} p50 ${p50.toFixed(2).padStart(9)}  p95 ${p95.toFixed(2).padStart(9)}  × ${ratio.toFixed(1)}`,
      );
  }
