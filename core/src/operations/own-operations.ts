import { detectionOperations } from './detection-operations.ts';
import { executionOperations } from './execution-operations.ts';
import { hostOperations } from './host-operations.ts';
import { liveOperations } from './live-operations.ts';
import { pluginFacts } from './plugin-facts.ts';
import { pluginOperations } from './plugin-operations.ts';
import { boxOperations } from './box-operations.ts';

/** The operations that the host itself has, by name. */
export const ownOperations: readonly string[] = [
  ...hostOperations,
  ...pluginOperations,
  ...pluginFacts,
  ...executionOperations,
  ...detectionOperations,
  ...boxOperations,
  ...liveOperations,
].map(({ name }) => name);

/** The groups of the host's own operations, which are words of the command line. */
export const coreGroups: ReadonlySet<string> = new Set(ownOperations.map((name) => name.slice(0, name.indexOf('.'))));
