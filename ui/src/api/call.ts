import {
  QueryClient,
  keepPreviousData,
  useQuery as useCachedQuery,
  useQueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { platform } from "../platform";
import type { CommandName, Commands, Problem, Topic } from "./generated";

type Input<N extends CommandName> = Commands[N]["input"];
type Output<N extends CommandName> = Commands[N]["output"];

export interface Query<N extends CommandName> {
  kind: "query";
  name: N;
}
export interface Command<N extends CommandName> {
  kind: "command";
  name: N;
}

export function query<N extends CommandName>(name: N): Query<N> {
  return { kind: "query", name };
}
export function command<N extends CommandName>(name: N): Command<N> {
  return { kind: "command", name };
}

/** Whatever was thrown, as the one shape that screens show. */
export function asProblem(thrown: unknown): Problem {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown)
    return thrown as Problem;
  return { code: "internal", message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** One call, outside a component. Rejects with a `Problem`. */
export async function call<N extends CommandName>(what: { name: N }, input: Input<N>): Promise<Output<N>> {
  try {
    return (await platform().call(what.name, input)) as Output<N>;
  } catch (thrown) {
    throw asProblem(thrown);
  }
}

// What stands on another context's screens: a comment count on a requirement, a pending mark on both.
const seenIn: Partial<Record<Topic, Topic[]>> = {
  rooms: ["blueprint"],
  sync: ["blueprint", "rooms", "project"],
  identity: ["workspace", "sync", "project"],
  blueprint: ["project"],
};

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // The core says what changed, so nothing is ever refetched for having grown old.
      queries: {
        staleTime: Infinity,
        gcTime: 300_000,
        retry: false,
        networkMode: "always",
        refetchOnWindowFocus: false,
      },
    },
  });
}

const waiting = new WeakMap<QueryClient, Set<Topic>>();
const flushed = new WeakMap<QueryClient, number>();
const took = new WeakMap<QueryClient, number>();
/** The first refresh follows at once; under a stream of changes (someone types) the next ones keep this distance, in ms. */
const PACE = 120;
/** Reading anew takes at most one part in so many of the time, or typing in a list of thousands would stutter. */
const SHARE = 4;

/** Refreshes what the topics show. Bursts are gathered, so that a hundred synced entries cost one refresh. */
export function refresh(client: QueryClient, topics: Iterable<Topic>): void {
  let gathered = waiting.get(client);
  if (!gathered) {
    gathered = new Set();
    waiting.set(client, gathered);
    const set = gathered;
    const pace = Math.max(PACE, SHARE * (took.get(client) ?? 0));
    const wait = Math.max(8, (flushed.get(client) ?? 0) + pace - Date.now());
    setTimeout(() => {
      const begun = Date.now();
      waiting.delete(client);
      flushed.set(client, begun);
      void client
        .invalidateQueries({ predicate: (entry) => set.has(entry.queryKey[0] as Topic) })
        .then(() => took.set(client, Date.now() - begun));
    }, wait);
  }
  for (const topic of topics) {
    gathered.add(topic);
    for (const other of seenIn[topic] ?? []) gathered.add(other);
  }
}

export function topicOf(name: CommandName): Topic {
  return name.slice(0, name.indexOf(".")) as Topic;
}

/** Reads through the cache; `null` as input means "nothing to ask yet". */
export function useQuery<N extends CommandName>(
  what: Query<N>,
  input: Input<N> | null,
  options: { keep?: boolean } = {},
): UseQueryResult<Output<N>, Problem> {
  return useCachedQuery<Output<N>, Problem>({
    queryKey: [topicOf(what.name), what.name, input],
    queryFn: () => call(what, input as Input<N>),
    enabled: input !== null,
    ...(options.keep ? { placeholderData: keepPreviousData as never } : {}),
  });
}

export interface RunningCommand<N extends CommandName> {
  /** Answers with the output, or with undefined after a refusal (which is then in `problem`). */
  run(input: Input<N>): Promise<Output<N> | undefined>;
  pending: boolean;
  /** The refusal's sentence: for this field, or (without an argument) the one that belongs to no field. */
  problem(field?: string): string | undefined;
  failure: Problem | undefined;
  reset(): void;
}

let tellRefusal: (problem: Problem) => void = () => {};
/** Where a refusal goes that no form shows. */
export function onRefusal(tell: (problem: Problem) => void): void {
  tellRefusal = tell;
}

/** A verb. With `inline`, the component shows the refusal itself; else it is told in a toast. */
export function useCommand<N extends CommandName>(
  what: Command<N>,
  options: { inline?: boolean } = {},
): RunningCommand<N> {
  const client = useQueryClient();
  const [running, setRunning] = useState(0);
  const [failure, setFailure] = useState<Problem>();
  const { inline } = options;
  const name = useRef(what.name).current;

  const run = useCallback(
    async (input: Input<N>) => {
      setRunning((count) => count + 1);
      setFailure(undefined);
      try {
        const output = await call({ name }, input);
        refresh(client, [topicOf(name)]);
        return output;
      } catch (thrown) {
        const problem = asProblem(thrown);
        setFailure(problem);
        if (!inline) tellRefusal(problem);
        return undefined;
      } finally {
        setRunning((count) => count - 1);
      }
    },
    [client, inline, name],
  );

  return {
    run,
    pending: running > 0,
    failure,
    problem: (field) => {
      if (!failure) return undefined;
      if (field === undefined) return failure.field ? undefined : failure.message;
      return failure.field === field ? failure.message : undefined;
    },
    reset: () => setFailure(undefined),
  };
}
