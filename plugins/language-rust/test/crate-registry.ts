import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** The paths of a sparse registry with that crate. https://doc.rust-lang.org/cargo/reference/registry-index.html */
export function registryFiles(url: string): Readonly<Record<string, string | Uint8Array>> {
  const crate = pack();
  const cksum = createHash('sha256').update(crate).digest('hex');
  const entry = { name: 'tiny', vers: '1.0.0', deps: [], cksum, features: { loud: [] }, yanked: false };
  return {
    '/config.json': JSON.stringify({ dl: `${url}/dl` }),
    '/ti/ny/tiny': JSON.stringify(entry),
    '/dl/tiny/1.0.0/download': crate,
  };
}
