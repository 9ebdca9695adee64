import { DockerDriver, SettingsSchema } from '../../src/driver.ts';

/** A host that makes and destroys boxes without end, until it is killed. */
const [host, image, deploymentId] = process.argv.slice(2) as [string, string, string];
const driver = new DockerDriver({ deploymentId, settings: SettingsSchema.parse({ host, image, boxes: 'inner' }) });
const { signal } = new AbortController();

process.stdout.write('ready\n');
for (;;) {
  const boxes = await Promise.all([1, 2].map(() => driver.create({ paths: [], labels: {} }, { signal })));
  await Promise.all(boxes.map(({ id }) => driver.destroy(id)));
}
