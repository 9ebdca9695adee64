import { z } from '@soulbox/plugin-sdk';
import { listenShape, onlyWherePublic } from '@soulbox/plugin-sdk/listening';

const ms = z.int().min(1).max(3_600_000);
const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;

/** The configuration of the transport. Times in milliseconds, sizes in bytes. */
export const WebSocketConfigSchema = z
  .strictObject({
    ...listenShape,
    /** 0 takes any free port. */
    port: z.int().min(0).max(65_535).default(7070),
    path: z
      .string()
      .regex(/^\/[A-Za-z0-9._~/-]*$/, 'must be a path such as /rpc')
      .refine((path) => path !== '/healthz', 'is taken by the health check')
      .default('/rpc'),
    /** Web pages that may connect, as `https://app.example`. What sends no Origin is no web page. */
    allowedOrigins: z.array(z.string().refine(isOrigin, 'must be an origin such as https://app.example')).default([]),
    /** Names under which the host is reached besides the address it listens on, as `box.example:443`. */
    allowedHosts: z.array(z.string().min(1).max(260).toLowerCase()).default([]),
    maxPayloadBytes: z
      .int()
      .min(1024)
      .max(64 * 1024 * 1024)
      .default(4 * 1024 * 1024),
    maxBatch: z.int().min(1).max(1000).default(50),
    maxDepth: z.int().min(4).max(256).default(32),
    /** Array elements, object members and containers in one message: what parsing JSON costs, unlike its length. */
    maxNodes: z.int().min(100).max(10_000_000).default(50_000),
    /** Calls of one connection that are not answered yet. */
    maxInFlight: z.int().min(1).max(10_000).default(32),
    maxConnections: z.int().min(1).max(1_000_000).default(4096),
    authTimeoutMs: ms.default(5_000),
    /** How often the keys of open connections are checked again; a revoked one is out within this time. */
    recheckMs: ms.default(3_000),
    pingMs: ms.default(30_000),
    pongMs: ms.default(10_000),
    /** Above this, nothing more is asked of the streams of a connection until it has read what waits. */
    highWaterBytes: z
      .int()
      .min(1024)
      .max(1024 * 1024 * 1024)
      .default(1024 * 1024),
    /** A peer above the high-water mark that takes no message for so long is dropped. */
    stalledMs: ms.default(60_000),
    headersTimeoutMs: ms.default(10_000),
    requestTimeoutMs: ms.default(30_000),
  })

  .superRefine(onlyWherePublic);
export type WebSocketConfig = z.infer<typeof WebSocketConfigSchema>;
