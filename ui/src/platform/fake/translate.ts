import type { AttributeType, Cardinality, ChangeItem, ChangeSet, Priority, RequirementKind } from "../../api/generated";

// A stand-in for the translator: it knows a dozen nouns, which is enough to exercise every screen.
interface Noun {
  name: string;
  label: { en: string; ru: string };
  en: RegExp;
  ru: RegExp;
  attributes: [string, AttributeType, string[]?][];
}

const nouns: Noun[] = [
  noun("customer", "Customer", "Клиент", /customers?|clients?|guests?|people/i, /клиент|покупател|гост/i, [
    ["name", "string"],
    ["phone", "phone"],
    ["email", "email"],
  ]),
  noun("product", "Product", "Товар", /products?|parts?|goods|items?|cakes?/i, /товар|запчаст|издели|торт/i, [
    ["sku", "string"],
    ["name", "string"],
    ["price", "money"],
  ]),
  noun("stock", "Stock", "Остаток", /stock|inventory/i, /остат|склад/i, [
    ["quantity", "integer"],
    ["updated_at", "datetime"],
  ]),
  noun("order", "Order", "Заказ", /orders?|pre-?order|pays?\b/i, /заказ|оплач/i, [
    ["number", "string"],
    ["status", "enum", ["new", "paid", "sent", "closed"]],
    ["total", "money"],
    ["placed_at", "datetime"],
  ]),
  noun("payment", "Payment", "Платёж", /payments?|pays?\b|card|invoice/i, /плат[её]ж|оплат|карт/i, [
    ["amount", "money"],
    ["method", "enum", ["card", "invoice"]],
    ["paid_at", "datetime"],
  ]),
  noun("booking", "Booking", "Запись", /bookings?|books?\b|appointments?|reserv/i, /запис|брон/i, [
    ["starts_at", "datetime"],
    ["status", "enum", ["held", "confirmed", "cancelled"]],
  ]),
  noun(
    "master",
    "Specialist",
    "Мастер",
    /masters?|hairdressers?|barbers?|specialists?|doctors?/i,
    /мастер|парикмахер|врач/i,
    [
      ["name", "string"],
      ["phone", "phone"],
    ],
  ),
  noun("service", "Service", "Услуга", /services?|haircuts?|repairs?\b/i, /услуг|стрижк|ремонт/i, [
    ["name", "string"],
    ["price", "money"],
    ["minutes", "integer"],
  ]),
  noun("warehouse", "Warehouse", "Склад", /warehouses?/i, /склад/i, [
    ["name", "string"],
    ["address", "text"],
  ]),
  noun("review", "Review", "Отзыв", /reviews?|ratings?/i, /отзыв|оценк/i, [
    ["rating", "integer"],
    ["text", "text"],
  ]),
];

function noun(
  name: string,
  en: string,
  ru: string,
  enPattern: RegExp,
  ruPattern: RegExp,
  attributes: Noun["attributes"],
): Noun {
  return { name, label: { en, ru }, en: enPattern, ru: ruPattern, attributes };
}

const links: [string, string, Cardinality, string, string][] = [
  ["customer", "order", "one-to-many", "places", "оформляет"],
  ["order", "product", "many-to-many", "contains", "содержит"],
  ["order", "payment", "one-to-many", "is paid by", "оплачен"],
  ["product", "stock", "one-to-one", "is counted in", "учтён в"],
  ["warehouse", "stock", "one-to-many", "holds", "хранит"],
  ["customer", "booking", "one-to-many", "makes", "делает"],
  ["booking", "service", "many-to-one", "is for", "на услугу"],
  ["booking", "master", "many-to-one", "is with", "к мастеру"],
  ["product", "review", "one-to-many", "receives", "получает"],
];

export interface Sentence {
  text: string;
  start: number;
  end: number;
}

export function sentences(text: string): Sentence[] {
  return [...text.matchAll(/[^.!?\n;]+[.!?;]?/g)]
    .map((match) => {
      const lead = match[0].length - match[0].trimStart().length;
      const body = match[0].trim();
      return { text: body, start: match.index + lead, end: match.index + lead + body.length };
    })
    .filter((sentence) => /\p{L}{2}/u.test(sentence.text));
}

export interface Proposal extends ChangeSet {
  plans: Map<string, Plan>;
}
export type Plan =
  | {
      kind: "requirement";
      text: string;
      requirement: RequirementKind;
      priority: Priority;
      start: number;
      end: number;
      sentence: string;
      entities: string[];
    }
  | { kind: "entity"; name: string; label: string }
  | { kind: "attribute"; entity: string; name: string; type: AttributeType; values: string[] }
  | { kind: "relation"; from: string; to: string; cardinality: Cardinality; label: string };

export function propose(text: string, existing: { id: string; name: string }[]): Proposal {
  const language = /[а-яё]/i.test(text) ? "ru" : "en";
  const ru = language === "ru";
  const items: ChangeItem[] = [];
  const plans = new Map<string, Plan>();
  const at = new Map<string, Sentence>();
  const present = new Map(existing.map((entity) => [entity.name.toLowerCase(), entity.id]));
  const add = (item: Omit<ChangeItem, "action" | "before">, plan: Plan) => {
    items.push({ ...item, action: "add", before: null });
    plans.set(item.id, plan);
  };

  for (const [index, sentence] of sentences(text).entries()) {
    const named = nouns.filter((entry) => entry[language].test(sentence.text));
    for (const entry of named) if (!at.has(entry.name)) at.set(entry.name, sentence);
    const integration = /1[cс]\b|slack|telegram|stripe|google|sms|смс|телеграм/i.test(sentence.text);
    const quality =
      /fast|second|secure|offline|mobile|быстр|секунд|безопас|телефон/i.test(sentence.text) && !named.length;
    const body = sentence.text.replace(/[.;]$/, "");
    add(
      {
        id: `item_r${index}`,
        kind: "requirement",
        title: body[0]!.toUpperCase() + body.slice(1),
        detail: integration ? "integration" : quality ? "quality" : "functional",
        sentence: sentence.text,
        start: sentence.start,
        end: sentence.end,
        because: ru ? "Предложение говорит, что система должна делать." : "The sentence says what the system must do.",
        needs: [],
      },
      {
        kind: "requirement",
        text: body[0]!.toUpperCase() + body.slice(1),
        requirement: integration ? "integration" : quality ? "quality" : "functional",
        priority: index < 3 ? "must" : "should",
        start: sentence.start,
        end: sentence.end,
        sentence: sentence.text,
        entities: named.map((entry) => entry.name),
      },
    );
  }
  for (const [name, sentence] of at) {
    if (present.has(name)) continue;
    const entry = nouns.find((candidate) => candidate.name === name)!;
    const from = { sentence: sentence.text, start: sentence.start, end: sentence.end };
    add(
      {
        id: `item_e_${name}`,
        kind: "entity",
        title: name,
        detail: entry.label[language],
        ...from,
        because: ru
          ? "О нём нужно хранить сведения: слово названо в предложении."
          : "It is named as something to keep facts about.",
        needs: [],
      },
      { kind: "entity", name, label: entry.label[language] },
    );
    for (const [attribute, type, values] of entry.attributes)
      add(
        {
          id: `item_a_${name}_${attribute}`,
          kind: "attribute",
          title: attribute,
          detail: type,
          ...from,
          because: ru ? "Обычное свойство такой записи." : "A usual fact of such a record.",
          needs: [`item_e_${name}`],
        },
        { kind: "attribute", entity: name, name: attribute, type, values: values ?? [] },
      );
  }
  for (const [from, to, cardinality, en, ruLabel] of links) {
    if (!at.has(from) || !at.has(to)) continue;
    const sentence = at.get(to)!;
    add(
      {
        id: `item_l_${from}_${to}`,
        kind: "relation",
        title: `${from} ${ru ? ruLabel : en} ${to}`,
        detail: cardinality,
        sentence: sentence.text,
        start: sentence.start,
        end: sentence.end,
        because: ru ? "Обе записи названы вместе." : "Both are named together.",
        needs: [from, to].filter((name) => !present.has(name)).map((name) => `item_e_${name}`),
      },
      { kind: "relation", from, to, cardinality, label: ru ? ruLabel : en },
    );
  }
  const questions: string[] = [];
  if (at.has("payment"))
    questions.push(
      ru ? "Возвраты делает покупатель сам или менеджер?" : "Who makes a refund: the customer or a manager?",
    );
  if (at.has("booking"))
    questions.push(
      ru ? "За сколько часов можно отменить запись?" : "Until how many hours before may a booking be cancelled?",
    );
  if (at.has("stock")) questions.push(ru ? "Как часто обновлять остатки?" : "How often must stock be refreshed?");
  return { language, items, questions, plans };
}
