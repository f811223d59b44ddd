import type { Step } from "../../src/connector.ts";
import { type Change, labelId, type NodeProps } from "../../src/schema.ts";

/** https://learn.microsoft.com/graph/api/resources/sensitivitylabel */
export interface SensitivityLabel {
  id: string;
  /** What people see; `name` is what administrators call it. */
  displayName?: string | null;
  name?: string | null;
  /** Higher is more sensitive: the place in the tenant's list of labels. */
  priority?: number | null;
  hasProtection?: boolean | null;
  sublabels?: readonly SensitivityLabel[] | null;
}

/** A label and those below it. A priority that was not given stays unknown: such a label is never the top one. */
export function labelChanges(label: SensitivityLabel): Change[] {
  const props: NodeProps<"Label"> = { kind: "Sensitivity", name: label.displayName || label.name };
  if (typeof label.priority === "number") props.priority = label.priority;
  if (typeof label.hasProtection === "boolean") props.encrypted = label.hasProtection;
  return [
    { put: { kind: "Label", id: labelId(label.id), props } },
    ...(label.sublabels ?? []).flatMap(labelChanges),
  ];
}

const LABELS = "/v1.0/security/dataSecurityAndGovernance/sensitivityLabels";

/**
 * The taxonomy: names and order of all labels of the tenant. National clouds other than that of the US government
 * do not offer it, and then the step fails and says so.
 * https://learn.microsoft.com/graph/api/tenantdatasecurityandgovernance-list-sensitivitylabels
 */
export const labels: Step = {
  id: "purview.labels",
  title: "Sensitivity labels and their order",
  produces: ["Label"],
  needs: [
    {
      kind: "graph",
      name: "SensitivityLabel.Read",
      why: "read the names and the order of sensitivity labels, to tell which of them is the highest at a place",
      risk: "Learns which sensitivity labels there are; no content and no labeled file.",
      doc: "https://learn.microsoft.com/graph/permissions-reference#sensitivitylabelread",
    },
  ],
  reads: [`GET graph ${LABELS}`],
  hides: "use",
  async *crawl(c, pass) {
    for await (const { items, next } of c.http.pages<SensitivityLabel>("graph", pass.cursor ?? LABELS))
      yield { changes: items.flatMap(labelChanges), ...(next === undefined ? {} : { cursor: next }) };
  },
};
