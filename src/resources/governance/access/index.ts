import './effective.ts';
import './who-can.ts';
import './explain-access.ts';
