import semver from 'semver';
import { parse, PermissionsSchema, SoulboxError, z } from '@soulbox/plugin-sdk';
import { hostVersion } from '../version.ts';

/** The capabilities of a plugin, known before any of its code runs; what its code says must be the same. */
const CapabilitySchemas = {
  provides: z.array(z.string().regex(/^[^\s@?]+@\d+\.\d+\.\d+$/, 'must be of the form store@1.0.0')).optional(),
  requires: z
    .array(z.string().regex(/^[^\s@?]+@\d+\.\d+\.\d+\??$/, 'must be of the form store@1.0.0 or store@1.0.0?'))
    .optional(),
};

/** The part of a plugin's package.json that the host reads before it runs any of the plugin's code. */
export const ManifestSchema = z.object({
  name: z.string().min(1),
  version: z.string().refine((v) => semver.valid(v) !== null, 'must be a semantic version'),
  engines: z.object({ soulbox: z.string().min(1), node: z.string().min(1).optional() }),
  soulbox: z.object({
    id: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be in kebab-case'),
    isolation: z
      .array(z.enum(['inline', 'process']))
      .min(1)
      .default(['inline']),
    permissions: PermissionsSchema.prefault({}),
    ...CapabilitySchemas,
    /** A client for URLs of these schemes, which the plugin's package exports under a subpath. */
    client: z.object({ schemes: z.array(z.string().min(1)), export: z.string().startsWith('./') }).optional(),
    /** Commands of its own for the command line, each a module that the package exports under a subpath. */
    commands: z
      .array(
        z.strictObject({
          name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be a word such as redact'),
          summary: z.string().min(1),
          export: z.string().startsWith('./'),
        }),
      )
      .default([]),
  }),
});
export type Manifest = z.infer<typeof ManifestSchema>;

/** Whether a range accepts versions of one major only: `*` or `>=1` would promise what nobody can know. */
function bindsMajor(range: string): boolean {
  const lowest = semver.minVersion(range);
  return lowest !== null && !semver.intersects(range, `>=${lowest.major + 1}.0.0`);
}

/** A pre-release of the host loads what is made for the release; a release is never taken for one of its pre-releases. */
function satisfied(version: string, range: string): boolean {
  const { major, minor, patch } = new semver.SemVer(version);
  return semver.satisfies(version, range) || semver.satisfies(`${major}.${minor}.${patch}`, range);
}

/** What a plugin is checked against. */
export interface RunningVersions {
  readonly soulbox: string;
  readonly node: string;
}

/**
 * Checks a plugin's package.json.
 * @throws plugin_manifest_invalid, plugin_engine_mismatch
 */
export function parseManifest(
  packageJson: unknown,
  running: RunningVersions = { soulbox: hostVersion, node: process.versions.node },
): Manifest {
  const manifest = parse(ManifestSchema, packageJson, 'plugin_manifest_invalid');
  const { soulbox, node } = manifest.engines;
  if (semver.validRange(soulbox) === null)
    throw new SoulboxError('plugin_manifest_invalid', `engines.soulbox: "${soulbox}" is not a range of versions`);
  if (!bindsMajor(soulbox))
    throw new SoulboxError(
      'plugin_manifest_invalid',
      `engines.soulbox: "${soulbox}" is not specific enough: it must bind a major version`,
    );
  if (!satisfied(running.soulbox, soulbox))
    throw new SoulboxError('plugin_engine_mismatch', `made for soulbox ${soulbox}, but this is ${running.soulbox}`);
  if (node !== undefined && !semver.satisfies(running.node, node))
    throw new SoulboxError('plugin_engine_mismatch', `made for node ${node}, but this is ${running.node}`);
  return manifest;
}
