import { useGraphiQL } from "@graphiql/react";
import { useEffect, useId, useRef, useState } from "react";

import { drawingOf, measuresOf, told, type Drawing } from "./drawing";
import type { Table } from "./tables";

/** A chart for every list that has something to measure. */
export function ChartView({ tables }: { tables: Table[] }) {
  return tables.map((table) => <OneChart key={table.path} table={table} />);
}

function OneChart({ table }: { table: Table }) {
  const measures = measuresOf(table);
  const [wanted, setWanted] = useState("");
  const heading = useId();
  const measure = measures.find(({ path }) => path === wanted) ?? measures[0];
  if (!measure) return null;
  const drawing = drawingOf(table, measure);
  return (
    <section className="tributary-list" aria-labelledby={heading}>
      <header>
        <h3 id={heading}>{table.title}</h3>
        {measures.length > 1 ? (
          <label>
            Measure
            <select value={measure.path} onChange={(event) => setWanted(event.target.value)}>
              {measures.map(({ path, title }) => (
                <option key={path} value={path}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <span>{measure.title}</span>
        )}
      </header>
      <Canvas drawing={drawing} />
      {drawing.left > 0 && <p className="tributary-left">The first {drawing.labels.length}; the table has {drawing.left} more.</p>}
    </section>
  );
}

/** As high as its lines need, before anything is drawn, so that nothing jumps. */
function Canvas({ drawing }: { drawing: Drawing }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useGraphiQL((state) => state.theme);
  const dark = useDark();
  useEffect(() => {
    let chart: { destroy(): void } | undefined;
    let gone = false;
    void import("./chart").then(({ draw }) => {
      if (!gone && canvas.current) chart = draw(canvas.current, drawing);
    });
    return () => {
      gone = true;
      chart?.destroy();
    };
  }, [drawing, theme, dark]);
  const height = drawing.isLine ? 300 : Math.max(300, drawing.labels.length * 26 + 60);
  return (
    <div className="tributary-canvas" style={{ height }}>
      <canvas ref={canvas} role="img" aria-label={told(drawing)} />
    </div>
  );
}

const DARK = matchMedia("(prefers-color-scheme: dark)");

function useDark(): boolean {
  const [dark, setDark] = useState(DARK.matches);
  useEffect(() => {
    const follow = () => setDark(DARK.matches);
    DARK.addEventListener("change", follow);
    return () => DARK.removeEventListener("change", follow);
  }, []);
  return dark;
}
