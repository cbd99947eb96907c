import { TocsinError } from "#lib/domain/error";

/** Whoever is on call gets in and stays in while the key service is away. @returns null then */
export async function unlessAway<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TocsinError && error.code === "E_UNAVAILABLE") return null;
    throw error;
  }
}
