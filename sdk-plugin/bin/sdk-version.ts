import { readFileSync } from 'node:fs';

// Only built files are run: this one stands two folders below the package.
const packageJson = new URL('../../package.json', import.meta.url);

/** The version of this package. */
export const { version: sdkVersion } = JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string };
