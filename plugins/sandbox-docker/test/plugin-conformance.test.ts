import { bothWays, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
const lifecycle = {
  plugin,
  config: { host: 'unix:///nonexistent/docker.sock' },
  badConfigs: {
    'an address of another kind': { host: 'ssh://machine' },
    'an address with a password': { host: 'tcp://user:secret@machine:2375' },
    'a relative TLS file': { tls: { ca: 'ca.pem', cert: '/cert.pem', key: '/key.pem' } },
    'a runtime that is no name': { runtime: '../runc' },
    'no memory': { memoryBytes: 0 },
    'something unknown': { privileged: true },
  },
};
bothWays(folder, ({ isolated }) => lifecycleSuite({ ...lifecycle, isolated }));
