import type { Use } from './uses.ts';

/** A plugin in a drawing. */
export interface DrawnPlugin {
  readonly id: string;
  readonly state: string;
}

export const drawingFormats = ['dot', 'mermaid'] as const;
export type DrawingFormat = (typeof drawingFormats)[number];

type Edge = Use & { readonly plugin: string; readonly provider: string };

/** Arrows lead from who requires to who provides; dotted ones are those that may be missing. */
const drawings: Readonly<Record<DrawingFormat, (plugins: readonly DrawnPlugin[], edges: readonly Edge[]) => string[]>> =
  {
    dot: (plugins, edges) => [
      'digraph plugins {',
      '  rankdir=LR;',
      '  node [shape=box];',
      ...plugins.map(({ id, state }) => `  "${id}" [label="${id}\\n${state}"];`),
      ...edges.map(
        ({ plugin, provider, capability, optional }) =>
          `  "${plugin}" -> "${provider}" [label="${capability}"${optional ? ', style=dashed' : ''}];`,
      ),
      '}',
    ],
    mermaid: (plugins, edges) => {
      // Ids of plugins may be words that Mermaid keeps for itself, such as `end`.
      const nodes = new Map(plugins.map(({ id }, index) => [id, `n${index}`]));
      return [
        'flowchart LR',
        ...plugins.map(({ id, state }) => `  ${nodes.get(id)}["${id}<br>${state}"]`),
        ...edges.map(
          ({ plugin, provider, capability, optional }) =>
            `  ${nodes.get(plugin)} ${optional ? '-.->' : '-->'}|"${capability}"| ${nodes.get(provider)}`,
        ),
      ];
    },
  };

/** The plugins and who requires what of whom, as a text that others make a picture of. */
export function drawPlugins(format: DrawingFormat, plugins: readonly DrawnPlugin[], uses: readonly Use[]): string {
  const edges = uses.filter((use): use is Edge => use.plugin !== null && use.provider !== null);
  const core = edges.some(({ provider }) => provider === 'core') ? [{ id: 'core', state: 'the host' }] : [];
  return `${drawings[format]([...core, ...plugins], edges).join('\n')}\n`;
}
