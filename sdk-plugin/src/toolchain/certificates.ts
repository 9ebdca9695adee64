import { existsSync } from 'node:fs';
import type { ToolchainSource } from '../contracts/sandbox.ts';

/** Where Debian and its like, Alpine and Arch, then Fedora and its like keep the certificates that programs trust. */
const bundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/**
 * The file with the certificates that a machine trusts, which package managers are told of: its operator may have added
 * some. `undefined` where there is none.
 */
export function trustedCertificates(
  toolchain: ToolchainSource | undefined,
  exists: (path: string) => boolean = existsSync,
): string | undefined {
  return toolchain === 'image' ? bundles[0] : bundles.find(exists);
}
