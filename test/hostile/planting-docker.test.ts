import { describe } from 'node:test';
import { noEngine } from '../support/docker/engine.ts';
import { languages, plantingSuite } from './planting-suite.ts';

describe('state that one execution plants, in sandboxes of Docker', { skip: noEngine }, () =>
  // The image has this machine's Node.js, which may be older than what the plugin of JavaScript expects of one.
  plantingSuite(
    'docker',
    languages.filter(({ name }) => name === 'python'),
  ),
);
