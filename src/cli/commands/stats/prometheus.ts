/** The sums as Prometheus text (0.0.4): durations in seconds, no label that grows without bound. */
import { bounds, type Counts, type Histogram, type Tally } from "../../history/tally.ts";

export interface Live {
  masters: Counts;
  sessions: number;
}

export function formatPrometheus(tally: Tally, live: Live): string {
  const invocations = Object.entries(tally.invocations).map(([name, value]): Sample => {
    const [lane = "", outcome = ""] = name.split("/");
    return [{ lane, outcome }, value];
  });
  return [
    metric("sshim_invocations_total", "counter", "Calls of ssh, by lane and outcome.", invocations),
    metric("sshim_shared_sessions_total", "counter", "Sessions on shared connections.", [[{}, tally.shared]]),
    metric("sshim_warm_sessions_total", "counter", "Sessions for which nothing had to be dialled or asked.", [[{}, tally.warm]]),
    metric(
      "sshim_dials_total",
      "counter",
      "Connections made or tried, by outcome.",
      labelled("outcome", { ok: 0, failed: 0, ...tally.dials }),
    ),
    metric("sshim_retries_total", "counter", "Sessions that broke and were judged, by stage/failure.", labelled("cause", tally.heals)),
    metric(
      "sshim_exit_255_total",
      "counter",
      "Exits with 255, by cause; remote is the remote command's own.",
      labelled("cause", { remote: 0, ...tally.codes255 }),
    ),
    metric("sshim_drains_total", "counter", "Masters that were drained on request.", [[{}, tally.drains]]),
    metric("sshim_drain_sessions_spared_total", "counter", "Sessions that a drain let finish.", [[{}, tally.spared]]),
    metric("sshim_retired_total", "counter", "Masters retired, by reason.", labelled("reason", tally.retired)),
    metric("sshim_quarantines_total", "counter", "Masters that did not answer and were put aside.", [[{}, tally.quarantines]]),
    histogram("sshim_attach_seconds", "Time to an opened session on a warm connection.", tally.attach),
    histogram("sshim_dial_seconds", "Time of a successful dial.", tally.dial),
    metric("sshim_live_masters", "gauge", "Masters now, by state.", labelled("state", { live: 0, draining: 0, ...live.masters })),
    metric("sshim_live_sessions", "gauge", "Sessions now.", [[{}, live.sessions]]),
  ].join("");
}

type Sample = readonly [Readonly<Record<string, string>>, number];

function labelled(label: string, counts: Counts): Sample[] {
  return Object.entries(counts).map(([value, number]): Sample => [{ [label]: value }, number]);
}

function metric(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const sorted = samples.map(([labels, value]) => `${name}${formatLabels(labels)} ${value}\n`).sort();
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${sorted.join("")}`;
}

function histogram(name: string, help: string, { buckets, sum, count }: Histogram): string {
  let below = 0;
  const lines = bounds.map((bound, index) => {
    below += buckets[index] ?? 0;
    return `${name}_bucket{le="${bound}"} ${below}\n`;
  });
  lines.push(`${name}_bucket{le="+Inf"} ${count}\n`, `${name}_sum ${sum}\n`, `${name}_count ${count}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${lines.join("")}`;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`,
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}
