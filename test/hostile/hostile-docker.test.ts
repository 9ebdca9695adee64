import { describe } from 'node:test';
import { noEngine } from '../support/docker/engine.ts';
import { root } from '../support/soulbox.ts';
import { dockerSubject } from './subject.ts';
import { hostileSuite } from './suite.ts';

describe('in Docker containers', { skip: noEngine }, () => hostileSuite(root, dockerSubject));
