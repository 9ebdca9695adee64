import { tryKinds } from '../support/try-kinds.ts';

tryKinds(['auth', 'cache', 'console-panel', 'transport']);
