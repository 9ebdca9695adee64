import { fileURLToPath } from 'node:url';

/** Where the tests keep the compiled standard library: not below /tmp, which every box has anew. */
export const cache = fileURLToPath(new URL('../../../../node_modules/.cache/soulbox-go', import.meta.url));
