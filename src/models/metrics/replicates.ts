import type { Random } from '../../contract/model.ts';
import { randomInt } from '../../lib/random.ts';
import { rankByOrigin } from './origins.ts';
import { gather, type Ranked, rankRows, reweighted, type ScoredRows, type Totals } from './ranked.ts';
import { type DrawnAuc, drawnAuc, rocAuc } from './ranking.ts';
import type { Metric, MetricOptions } from './registry.ts';

/** Cluster of each row as 0 … count − 1, in order of first sight. */
export interface Clusters {
  readonly of: Int32Array;
  readonly count: number;
}

/** Renumbers accounts densely. */
export function clustersOf(account: Int32Array): Clusters {
  const seen = new Map<number, number>();
  const of = new Int32Array(account.length);
  for (let i = 0; i < of.length; i++) {
    const id = account[i] as number;
    let cluster = seen.get(id);
    if (cluster === undefined) {
      cluster = seen.size;
      seen.set(id, cluster);
    }
    of[i] = cluster;
  }
  return { of, count: seen.size };
}

/** How often each of `count` clusters is drawn in one bootstrap sample of `count` draws with replacement. */
export function drawCounts(count: number, random: Random, into = new Uint16Array(count)): Uint16Array {
  into.fill(0);
  for (let i = 0; i < count; i++) {
    const drawn = randomInt(random, count);
    into[drawn] = (into[drawn] as number) + 1;
  }
  return into;
}

/** The draws of `count` clusters one after the other: draw `r` is that of the `r`-th call of `drawCounts`. */
export type Draws = (count: number, replicate: number) => Uint16Array;

/** Draws of one source, each made when it is asked for; they must be asked for in their order. */
export function drawsOf(random: Random): Draws {
  let counts = new Uint16Array(0);
  return (count) => {
    if (counts.length !== count) counts = new Uint16Array(count);
    return drawCounts(count, random, counts);
  };
}

/**
 * Draws that several intervals share: each number of clusters begins its own sequence anew, as a source of its own would, and
 * a draw made once is kept for the next who asks.
 */
export function sharedDraws(begin: () => Random): Draws {
  const kept = new Map<number, { random: Random; drawn: Uint16Array[] }>();
  return (count, replicate) => {
    const sequence = kept.get(count) ?? { random: begin(), drawn: [] };
    kept.set(count, sequence);
    while (sequence.drawn.length <= replicate) sequence.drawn.push(drawCounts(count, sequence.random));
    return sequence.drawn[replicate] as Uint16Array;
  };
}

/** Values of some metrics under one weighting of the clusters, into `into`; without counts of the rows as they are. */
export type Statistics = (counts: Uint16Array | undefined, into: Float64Array) => void;

/** Statistics over all rows, or with `origin` the mean within dates (`meanWithinOrigins`). Sorted once, weighed often. */
export function statisticsOf(
  metrics: readonly Metric[],
  rows: ScoredRows,
  clusters: Clusters,
  options: MetricOptions,
  origin: Int32Array | undefined,
): Statistics {
  return origin === undefined
    ? overAll(metrics, rows, clusters, options)
    : withinOrigins(metrics, rows, clusters, options, origin);
}

function overAll(metrics: readonly Metric[], rows: ScoredRows, clusters: Clusters, options: MetricOptions): Statistics {
  const ranked = rankRows(rows);
  const cluster = Int32Array.from(gather(clusters.of, ranked.order));
  const terms = metrics.map((metric) => metric.sums?.terms(ranked));
  const added = summedByCluster(
    ranked.weight,
    cluster,
    clusters.count,
    terms.flatMap((own) => own ?? []),
  );
  const isWeighed = terms.some((own) => own === undefined);
  const weigh = replicator(ranked, cluster);
  return (counts, into) => {
    if (counts === undefined) {
      for (let k = 0; k < metrics.length; k++) into[k] = (metrics[k] as Metric).fn(ranked, options);
      return;
    }
    const sums = added(counts);
    const drawn = isWeighed ? weigh(counts) : ranked;
    let at = 0;
    for (let k = 0; k < metrics.length; k++) {
      const metric = metrics[k] as Metric;
      const own = terms[k];
      if (own === undefined || metric.sums === undefined) into[k] = metric.fn(drawn, options);
      else {
        into[k] = metric.sums.value(sums, at);
        at += own.length;
      }
    }
  };
}

/** Weighted sums of the terms of rows, added up by cluster once: a draw then costs as much as there are clusters. */
function summedByCluster(
  weight: Float64Array,
  cluster: Int32Array,
  count: number,
  terms: readonly Float64Array[],
): (counts: Uint16Array) => Float64Array {
  const width = terms.length;
  const table = new Float64Array(count * width);
  for (let t = 0; t < width; t++) {
    const values = terms[t] as Float64Array;
    for (let i = 0; i < cluster.length; i++) {
      const cell = (cluster[i] as number) * width + t;
      table[cell] = (table[cell] as number) + (weight[i] as number) * (values[i] as number);
    }
  }
  const sums = new Float64Array(width);
  return (counts) => {
    sums.fill(0);
    for (let c = 0; c < count; c++) {
      const times = counts[c] as number;
      if (times === 0) continue;
      const start = c * width;
      for (let t = 0; t < width; t++) sums[t] = (sums[t] as number) + times * (table[start + t] as number);
    }
    return sums;
  };
}

function withinOrigins(
  metrics: readonly Metric[],
  rows: ScoredRows,
  clusters: Clusters,
  options: MetricOptions,
  origin: Int32Array,
): Statistics {
  const [first] = metrics;
  const ranked = rankByOrigin(rows, origin).map((date): Clustered => {
    const cluster = new Int32Array(date.rows.length);
    for (let place = 0; place < cluster.length; place++) {
      cluster[place] = clusters.of[date.rows[date.ranked.order[place] as number] as number] as number;
    }
    return { ranked: date.ranked, cluster };
  });
  if (metrics.length === 1 && first?.fn === rocAuc) return meanAuc(ranked);
  const dates = ranked.map((date) => replicator(date.ranked, date.cluster));
  const sums = new Float64Array(metrics.length);
  const all = new Float64Array(metrics.length);
  return (counts, into) => {
    sums.fill(0);
    all.fill(0);
    for (let d = 0; d < dates.length; d++) {
      const ranked = (dates[d] as Replicator)(counts);
      for (let k = 0; k < metrics.length; k++) {
        const metric = metrics[k] as Metric;
        const value = metric.fn(ranked, options);
        if (Number.isNaN(value)) continue;
        const counted = metric.weigh(ranked, options);
        sums[k] = (sums[k] as number) + counted * value;
        all[k] = (all[k] as number) + counted;
      }
    }
    for (let k = 0; k < metrics.length; k++) {
      into[k] = (all[k] as number) > 0 ? (sums[k] as number) / (all[k] as number) : Number.NaN;
    }
  };
}

/** The ranking of one date, with the cluster of each place. */
interface Clustered {
  readonly ranked: Ranked;
  readonly cluster: Int32Array;
}

/** The ROC-AUC within dates, weighted by outcomes, in one pass a draw: it is asked for more often than all the rest. */
function meanAuc(dates: readonly Clustered[]): Statistics {
  const auc: DrawnAuc = { value: Number.NaN, outcome: 0 };
  return (counts, into) => {
    let sum = 0;
    let all = 0;
    for (let d = 0; d < dates.length; d++) {
      const { ranked, cluster } = dates[d] as Clustered;
      drawnAuc(ranked, ranked.weight, counts === undefined ? undefined : { cluster, counts }, auc);
      if (Number.isNaN(auc.value)) continue;
      sum += auc.outcome * auc.value;
      all += auc.outcome;
    }
    into[0] = all > 0 ? sum / all : Number.NaN;
  };
}

type Replicator = (counts: Uint16Array | undefined) => Ranked;

/** The ranking with each row's weight times the draws of its cluster, the totals added up on the way. */
function replicator(ranked: Ranked, cluster: Int32Array): Replicator {
  const { rowCount, weight: given, label } = ranked;
  const weight = new Float64Array(rowCount);
  const sums: Totals = { weight: 0, outcome: 0 };
  const replica = reweighted(ranked, weight, sums);
  return (counts) => {
    if (counts === undefined) return ranked;
    let all = 0;
    let outcome = 0;
    for (let i = 0; i < rowCount; i++) {
      const w = (given[i] as number) * (counts[cluster[i] as number] as number);
      weight[i] = w;
      all += w;
      outcome += w * (label[i] as number);
    }
    sums.weight = all;
    sums.outcome = outcome;
    return replica;
  };
}
