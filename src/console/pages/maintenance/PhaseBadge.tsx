import type { Phase } from './Period.tsx';

export const PhaseBadge = ({ phase, inEffect, family }: { phase: Phase; inEffect: string; family: string }) => (
  <span className={`badge ${phase === 'now' ? family : phase === 'planned' ? 'run' : ''}`}>
    {phase === 'now' ? inEffect : phase === 'planned' ? 'Planned' : 'Over'}
  </span>
);
