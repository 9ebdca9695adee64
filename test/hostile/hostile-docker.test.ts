import { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needs } from '../support/needs.ts';
import { dockerSubject } from './subject.ts';
import { hostileSuite } from './suite.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const skip = needs('dockerd', 'docker', 'busybox') || (process.geteuid?.() === 0 ? false : 'dockerd runs as root only');

describe('in Docker containers', { skip }, () => hostileSuite(repository, dockerSubject));
