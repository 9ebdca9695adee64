/**
 * Run by node:test, not imported: registers every suite that a built plugin can be tried with from outside. Which plugin
 * and which part is told by the environment.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hookCatalogue, PermissionsSchema, z, type HookName } from '@soulbox/plugin-sdk';
import { bothWays, type PluginWay, type StartOptions } from '../../conformance/both-ways.ts';
import { hookSuite } from '../../conformance/hook.ts';
import { lifecycleSuite } from '../../conformance/lifecycle.ts';
import { operationSuite } from '../../conformance/operation.ts';
import { packageSuite } from '../../conformance/package.ts';
import { defaultExport } from '../../conformance/plugin-module.ts';
import { scalingSuite } from '../../conformance/scaling.ts';
import { checkContract } from './contract-checks.ts';
import { companionPlugins, discover, type Discovery } from './discover.ts';
import { lastTest, subjectVariable, type Subject } from './part.ts';

const PackageJsonSchema = z.object({
  exports: z.record(z.string(), z.unknown()),
  soulbox: z.object({ permissions: PermissionsSchema.prefault({}) }),
});

const subject = JSON.parse(process.env[subjectVariable] ?? '') as Subject;
const folder = new URL(subject.folder);

beforeEach((context) => writeFileSync(subject.progress, 'fullName' in context ? context.fullName : ''));
if (subject.part === 'package') packageSuite({ folder });
else bothWays(folder, registerWay);
test(lastTest, () => undefined);

async function registerWay(way: PluginWay): Promise<void> {
  const packageJson = PackageJsonSchema.parse(JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')));
  const plugin = await defaultExport({ folder: fileURLToPath(folder), packageJson });
  const found = await discover(plugin, way.isolation, subject);
  const works = found.state === 'active' || found.state === 'skipped';
  test('it starts in a host', { skip: found.state === 'skipped' && `it skips itself: ${found.reason}` }, () => {
    if (!works) throw new Error(`it is ${found.state}: ${found.reason}`);
  });
  if (!works) return;
  const plugins = companionPlugins(subject.companions);
  lifecycleSuite({ plugin, isolated: way.isolated, config: subject.settings, plugins, badConfigs: {} });
  if (found.state === 'active')
    await registerActive(way, found, packageJson.soulbox.permissions.hooks, { settings: subject.settings, plugins });
}

async function registerActive(
  way: PluginWay,
  found: Discovery,
  declared: readonly string[],
  options: StartOptions,
): Promise<void> {
  const services = Object.fromEntries(found.provides.map((token) => [token.id, token]));
  const started = { start: () => way.start(services, options), plugin: way.id };
  const taps = found.taps.filter((hook): hook is HookName => Object.hasOwn(hookCatalogue, hook));
  if (taps.length > 0) hookSuite({ ...started, taps });
  for (const hook of declared.filter((name) => name !== '*' && !found.taps.includes(name)))
    test(`${hook}: is tapped`, { skip: 'declared in the manifest, but not tapped with these settings' });
  if (taps.includes('scaling.signal')) scalingSuite(started);
  if (found.operations.length > 0)
    operationSuite({ ...started, operations: Object.fromEntries(found.operations.map((name) => [name, {}])) });
  for (const { id } of found.provides) await checkContract(id, way, options);
}
