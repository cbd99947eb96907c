import { allows, TIERS } from "#lib/domain/tier";

/** Each tier with what it allows, for a choice. */
export const TIER_CHOICES = TIERS.map((tier) => {
  const { servers, minutesDays } = allows(tier);
  return { value: tier, label: `${tier}: ${servers} servers, minutes kept for ${minutesDays} days` };
});
