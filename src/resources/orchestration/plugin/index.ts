import './schema.ts';
import './report-schema.ts';
