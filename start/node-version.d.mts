export const NEEDED_MAJOR: number;
/** One sentence for the user, or null when this version will do. */
export function nodeProblem(version: string): string | null;
