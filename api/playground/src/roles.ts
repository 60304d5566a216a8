/** What the roles do, in the order in which the story passes through their hands. */
const DUTIES: Record<string, string> = {
  MARKETER: "Runs campaigns, warms up the leads they bring and hands the ripe ones to sales.",
  MARKETING_MANAGER: "Plans budgets, launches campaigns and sees which of them made revenue.",
  SALES_REP: "Answers hand-offs, turns leads into deals and wins them. Sees the deals of their own team only.",
  SALES_MANAGER: "Looks after the pipeline, the answers that are due and the margins.",
  ANALYST: "Reads figures and sums over everything, but no person's name or address.",
  ADMIN: "Looks after users, teams and the log of everything that was done.",
  INTEGRATION: "A program: brings in leads and touches, reads changes for other systems.",
};

const ORDER = Object.keys(DUTIES);

/** `SALES_REP` as people write it. */
export function roleTitle(role: string): string {
  const words = role.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the role does. */
export function duty(role: string): string {
  return DUTIES[role] ?? "";
}

/** In the order of the story. */
export function inOrder<T extends { role: string }>(people: T[]): T[] {
  return [...people].sort((one, other) => ORDER.indexOf(one.role) - ORDER.indexOf(other.role));
}
