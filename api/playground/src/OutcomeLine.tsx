import { useOutcome, type Cost } from "./service";

/** What the last operation took: its status, time, size, cost, and the id that finds it in the log. */
export function OutcomeLine() {
  const outcome = useOutcome((state) => state.outcome);
  if (!outcome) return <p className="tributary-outcome">Ctrl + Enter runs the operation.</p>;
  const { status, failed, milliseconds, bytes, cost, requestId } = outcome;
  return (
    <p className="tributary-outcome" role="status">
      <b className={failed ? "failed" : "fine"}>{status}</b>
      {milliseconds !== undefined && <span title="Measured here, network included">{Math.round(milliseconds)} ms</span>}
      {bytes !== undefined && <span title="Size of the answer">{size(bytes)}</span>}
      {cost && <CostOf {...cost} />}
      {requestId && (
        <span title="Finds the request in the log of the service">
          request <code>{requestId}</code>
        </span>
      )}
    </p>
  );
}

function CostOf({ requested, actual, budget, remaining }: Cost) {
  return (
    <>
      <span title="Points: what it took, of what it might have taken">
        cost {figure(actual ?? requested)}
        {actual !== undefined && requested !== undefined && ` of ${figure(requested)}`}
      </span>
      {budget !== undefined && remaining !== undefined && (
        <span title="Points that are left to you now; they come back with time">
          <meter min={0} max={budget} value={remaining} /> {figure(remaining)} of {figure(budget)} left
        </span>
      )}
    </>
  );
}

function figure(points: number | undefined): string {
  return (points ?? 0).toLocaleString("en");
}

function size(bytes: number): string {
  return bytes < 1_000 ? `${bytes} B` : `${(bytes / 1_000).toFixed(1)} kB`;
}
