import { hostVersion } from '@soulbox/core';
import type { ExecutionParams } from '@soulbox/plugin-sdk';
import { needs } from '../../support/needs.ts';
import { deploymentIdOf } from '../../faults/traces.ts';
import { BenchHost } from './bench-host.ts';
import { whyNoEngine, type BenchEngine } from './engine.ts';
import type { Resources } from './resources.ts';
import type { Program, System } from './system.ts';
import { waitingPrograms } from './waiting-programs.ts';

const comment: Readonly<Record<string, string>> = { python: '#', ruby: '#' };
const tools: Readonly<Record<string, string>> = { go: 'go', java: 'javac', cpp: 'g++', rust: 'rustc' };
const usual = ['python', 'javascript', 'typescript'];

/** A host as its users start it, with one driver, asked over WebSocket JSON-RPC with a key, each execution recorded. */
function soulbox(resources: Resources, driver: 'linux' | 'docker', start: 'usual' | 'cold'): System {
  const name = `SoulBox ${driver}${start === 'cold' ? ', cold' : ''}`;
  const starts = { warm: 0, cold: 0, cached: 0 };
  let host: BenchHost | undefined;
  let engine: BenchEngine | undefined;
  let languages: readonly string[] = [];
  let runs = 0;
  // What was compiled from other text is of no use to one that starts cold.
  const paramsOf = ({ language, code }: Program): ExecutionParams =>
    start === 'usual'
      ? { language, code }
      : { language, code: `${code}\n${comment[language] ?? '//'} ${(runs += 1)}\n` };
  return {
    name,
    get languages() {
      return languages;
    },
    available: () => (driver === 'docker' ? whyNoEngine() : Promise.resolve(null)),
    async prepare(wanted, clients) {
      if (driver === 'docker') engine = await resources.engine();
      const there = wanted.filter(
        (language) => usual.includes(language) || needs(tools[language] ?? language) === false,
      );
      languages = engine ? wanted.filter((language) => engine!.pluginLanguages.includes(language)) : there;
      const images = usual.map(
        (language) => `  language-${language}: { config: { image: ${engine?.image(language)} } }`,
      );
      const plugins = engine
        ? `  sandbox-docker: { config: { host: '${engine.host}' } }\n${images.join('\n')}`
        : '  sandbox-docker: false';
      const all = languages.some((language) => !usual.includes(language));
      const yaml = `sandbox: { driver: ${driver}${start === 'cold' ? ', warmPrograms: 0' : ''} }`;
      host = await BenchHost.start({ yaml, plugins, languages: all ? 'all' : 'usual' }, clients);
    },
    version: () => Promise.resolve(hostVersion),
    async run(program, client) {
      const result = await host!.create(paramsOf(program), client);
      if (result.verdict !== 'ok') throw new Error(`${name}, ${program.language}: ${result.verdict} ${result.stderr}`);
      const began = result.stages.some((stage) => stage.start === 'warm') ? 'warm' : 'cold';
      if (start === 'cold' && began === 'warm') throw new Error(`${name}, ${program.language}: it was not cold`);
      starts[began] += 1;
      return result.stdout;
    },
    workers: () => ({ roots: [host!.pid], ...(engine ? { elsewhereMs: () => engine!.processorMs() } : {}) }),
    waiting: async (language) => {
      if (start === 'cold') return null;
      const roots = engine ? await engine.containers(await deploymentIdOf(host!.host.home)) : [host!.pid];
      return waitingPrograms(roots, language);
    },
    notes: () => [`${starts.warm} warm starts, ${starts.cold} cold ones`],
    close: async () => host?.stop(),
  };
}

export const soulboxSystems = (resources: Resources): readonly System[] => [
  soulbox(resources, 'linux', 'usual'),
  soulbox(resources, 'linux', 'cold'),
  soulbox(resources, 'docker', 'usual'),
  soulbox(resources, 'docker', 'cold'),
];
