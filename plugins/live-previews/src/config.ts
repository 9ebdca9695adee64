import { z } from '@soulbox/plugin-sdk';
import { listenShape, onlyWherePublic } from '@soulbox/plugin-sdk/listening';

/** Whether a URL says where a host is and no more, and names can be put before its own. */
function isHostUrl({ origin, href, hostname }: URL): boolean {
  return href === `${origin}/` && hostname.length <= 190 && !/^[\d.]+$|^\[/.test(hostname);
}

const tcpPort = z.int().min(1).max(65_535);

/** The configuration of the plugin; every default is written here. */
export const ConfigSchema = z
  .strictObject({
    ...listenShape,
    /** Where previews are served, from the first that is exposed on. 0 takes any free port. */
    port: z.int().min(0).max(65_535).default(7346),
    /**
     * How clients reach it: `https://preview.example.org` behind a proxy. Each preview has a host name of its own below this
     * one, and so an origin of its own. Default: `http://localhost` with the port that is listened on.
     */
    url: z
      .url({ protocol: /^https?$/ })
      .refine((url) => isHostUrl(new URL(url)), 'must be a scheme, a host name and a port: https://preview.example.org')
      .optional(),
    /** Whether previews can also be had by path, all at one origin: meant for programs. */
    paths: z.boolean().default(true),
    /** Files in PEM. */
    tls: z.strictObject({ certificate: z.string().min(1), key: z.string().min(1) }).optional(),
    /** Who may be let in; `token` alone keeps clients from making a preview public. */
    access: z
      .array(z.enum(['token', 'public']))
      .min(1)
      .default(['token', 'public']),
    /** Previews and mapped ports that a tenant may have, each. */
    previews: z.int().min(1).max(10_000).default(100),
    /** Connections that may be open at once, of all and of one preview or mapped port. */
    connections: z.int().min(1).max(100_000).default(2_048),
    previewConnections: z.int().min(1).max(100_000).default(256),
    headersTimeoutMs: z.int().min(1).max(600_000).default(10_000),
    /** Where plain TCP ports of this machine are mapped to sandboxes, and which. */
    mapped: z
      .strictObject({ ...listenShape, first: tcpPort.default(40_000), last: tcpPort.default(40_999) })
      .superRefine(onlyWherePublic)
      .refine(({ first, last }) => first <= last, { path: ['last'], message: 'must not be below first' })
      .prefault({}),
  })
  .superRefine(onlyWherePublic)
  .refine(({ previewConnections, connections }) => previewConnections <= connections, {
    path: ['previewConnections'],
    message: 'must not be above connections',
  });
export type Config = z.infer<typeof ConfigSchema>;
