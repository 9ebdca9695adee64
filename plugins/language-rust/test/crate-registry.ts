import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The crate `tiny` 1.0.0, whose feature `loud` makes its word loud, packed as crates.io does. */
function pack(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'soulbox-crate-'));
  try {
    const crate = join(folder, 'tiny-1.0.0');
    mkdirSync(join(crate, 'src'), { recursive: true });
    const manifest = '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n\n[features]\nloud = []\n';
    writeFileSync(join(crate, 'Cargo.toml'), manifest);
    const code = 'pub fn word() -> &\'static str { if cfg!(feature = "loud") { "TINY" } else { "tiny" } }\n';
    writeFileSync(join(crate, 'src/lib.rs'), code);
    execFileSync('tar', ['-czf', 'tiny.crate', 'tiny-1.0.0'], { cwd: folder });
    return readFileSync(join(folder, 'tiny.crate'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A registry of crates on the loopback interface, with one crate. */
export async function startRegistry(): Promise<{ url: string; host: string; stop(): Promise<void> }> {
  const crate = pack();
  const cksum = createHash('sha256').update(crate).digest('hex');
  const entry = { name: 'tiny', vers: '1.0.0', deps: [], cksum, features: { loud: [] }, yanked: false };
  const server = createServer(({ url }, response) => {
    if (url === '/config.json') response.end(JSON.stringify({ dl: `http://${host()}/dl` }));
    else if (url === '/ti/ny/tiny') response.end(JSON.stringify(entry));
    else if (url === '/dl/tiny/1.0.0/download') response.end(crate);
    else response.writeHead(404).end();
  });
  const host = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://${host()}`,
    host: host(),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
