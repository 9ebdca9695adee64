import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The host's version, which `engines.soulbox` of a plugin is checked against. */
export const hostVersion: string = manifest.version;
