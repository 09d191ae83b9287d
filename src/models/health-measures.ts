/** Which way a raw measure of health is good. */
export type Direction = 'high_is_good' | 'low_is_good';

/** The twelve standard measures and which way each is good. */
export const MEASURE_DIRECTIONS: Readonly<Record<string, Direction>> = {
  feature_adoption_rate: 'high_is_good',
  engagement_rate: 'high_is_good',
  usage_trend: 'high_is_good',
  ticket_load: 'low_is_good',
  sentiment: 'high_is_good',
  resolution_rate: 'high_is_good',
  csm_contact_ratio: 'low_is_good',
  executive_contact_ratio: 'low_is_good',
  response_rate: 'high_is_good',
  goal_rate: 'high_is_good',
  roi_rate: 'high_is_good',
  expansion_rate: 'high_is_good',
};

/** Direction of a measure: from its declared worst and best where given, else the standard one, else high is good. */
export function directionOf(measure: string, worst?: number, best?: number): Direction {
  if (worst !== undefined && best !== undefined) return best >= worst ? 'high_is_good' : 'low_is_good';
  return MEASURE_DIRECTIONS[measure] ?? 'high_is_good';
}
