import { ConnectedAgent, LiveConnection } from '@soulbox/plugin-sdk/live';
import { DockerDriver, SettingsSchema } from '../../src/driver.ts';

/** A host that makes a sandbox that stays, starts a counting program in it, says so, and waits to be killed. */
const [host, image, deploymentId, stateDir, id] = process.argv.slice(2) as [string, string, string, string, string];
const driver = new DockerDriver({ deploymentId, settings: SettingsSchema.parse({ host, image }), stateDir });
const { signal } = new AbortController();

const limits = { memoryBytes: 64e6, diskBytes: 8e6, processes: 16 };
await driver.createLive({ id, paths: [], labels: { made: 'before' }, limits, mounts: [], gateway: false }, { signal });
const connection = await LiveConnection.open((input) => driver.connect(id, input, { signal }));
const counting = 'n=0; while :; do echo $n; n=$((n+1)); sleep 0.02; done';
const agent = new ConnectedAgent(connection);
const { id: process_, pid } = await agent.start({ argv: ['/bin/sh', '-c', counting], env: { PATH: '/usr/bin:/bin' } });
process.stdout.write(`${JSON.stringify({ boot: connection.boot, process: process_, pid })}\n`);
setInterval(() => undefined, 60_000);
