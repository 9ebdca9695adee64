import { tryKinds } from '../support/try-kinds.ts';

tryKinds(['storage']);
