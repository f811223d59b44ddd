/** Progress on stderr: one line that is rewritten on a terminal, JSON lines on request, otherwise silence. */
import type { AppEvents } from "../app.ts";
import { createProgress, formatProgress } from "../collect/progress.ts";

export interface Screen {
  events: AppEvents;
  note(text: string): void;
  /** What a scan came to: the exit code, and what else applied. For programs that read the log. */
  summary(outcome: { exit: number; findings: number; incomplete: boolean }): void;
  done(): void;
}

const FIRST_ANSWER =
  "A first answer is there, marked as partial; the scan goes on. In another window: forereach reach\n";

export function createScreen({
  quiet = false,
  jsonLog = false,
}: {
  quiet?: boolean;
  jsonLog?: boolean;
}): Screen {
  const { stderr } = process;
  const line = (value: unknown) => stderr.write(`${JSON.stringify(value)}\n`);
  const live = stderr.isTTY && !quiet && !jsonLog;
  const progress = createProgress();
  let drawn = 0;
  const draw = (text: string) => {
    stderr.write(`\r\u001b[2K${text.slice(0, (stderr.columns ?? 100) - 1)}`);
  };
  const note = (text: string) => {
    if (jsonLog) line({ time: new Date().toISOString(), type: "note", text });
    else if (!quiet) stderr.write(`${text}\n`);
  };
  return {
    events: {
      onResume: (startedAt) => note(`Continuing the scan of ${startedAt}, which was interrupted.`),
      onCrawl(event) {
        if (jsonLog) line({ time: new Date().toISOString(), ...event });
        progress.observe(event);
        const now = Date.now();
        if (!live || now - drawn < 100) return;
        drawn = now;
        const running = progress.steps().filter(({ state }) => state === "running");
        draw(running.slice(0, 2).map(formatProgress).join("   "));
      },
      onEarly(early) {
        const failure = "error" in early ? String(early.error) : undefined;
        if (jsonLog) line({ time: new Date().toISOString(), type: "early", failure });
        else if (live)
          draw(failure === undefined ? FIRST_ANSWER : `no first answer yet, the scan goes on: ${failure}\n`);
      },
      onStage(stage, detail) {
        if (jsonLog) line({ time: new Date().toISOString(), type: "stage", stage, detail });
        if (live) draw(`${stage}  ${detail}`);
      },
    },
    note,
    summary(outcome) {
      if (jsonLog) line({ time: new Date().toISOString(), type: "summary", ...outcome });
    },
    done() {
      if (live) draw("");
    },
  };
}
