import { DOC_EXPLORER_PLUGIN, DocExplorer, Search, TypeLink, useDocExplorer } from "@graphiql/plugin-doc-explorer";
import { MarkdownContent, useGraphiQL, type GraphiQLPlugin } from "@graphiql/react";
import { isEnumType, isInputType, isObjectType, isScalarType, type GraphQLNamedType, type GraphQLSchema } from "graphql";
import { useState, type ReactNode } from "react";

import { ENDPOINT } from "./http";
import { authorised } from "./session";
import { say } from "./toast";

/** The documentation, which begins with what it is all about; the rest is GraphiQL's. */
function Docs() {
  const isDeeper = useDocExplorer().length > 1;
  const schema = useGraphiQL((state) => state.schema);
  return isDeeper || !schema ? <DocExplorer /> : <Overview schema={schema} />;
}

/** Types that only serve others: what is made for each thing to ask, sort, page and sum it up. */
const HELPER = /(Filter|OrderBy|OrderField|GroupBy|GroupField|GroupKey|Group|Connection|Edge|Payload|Result|Aggregate|Sum|Avg|Min|Max|Quantile|NumberField|Input|Bulk\w*|PageInfo)$/;

function Overview({ schema }: { schema: GraphQLSchema }) {
  const [showsAll, setShowsAll] = useState(false);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter((type) => type != null);
  const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith("__") && !roots.some((root) => root === type));
  const isHelper = (type: GraphQLNamedType) => HELPER.test(type.name) || (isInputType(type) && !isEnumType(type) && !isScalarType(type));
  const main = types.filter((type) => !isHelper(type));
  const isThing = (type: GraphQLNamedType) => isObjectType(type) && type.getInterfaces().length > 0;
  const isWord = (type: GraphQLNamedType) => isEnumType(type) || isScalarType(type);
  const helpers = types.filter(isHelper);
  return (
    <section className="graphiql-doc-explorer" aria-label="Documentation Explorer">
      <div className="graphiql-doc-explorer-header">
        <div className="graphiql-doc-explorer-header-content">
          <div className="graphiql-doc-explorer-title">Docs</div>
        </div>
        <Search />
      </div>
      <div className="graphiql-doc-explorer-content">
        {schema.description && <MarkdownContent type="description">{schema.description}</MarkdownContent>}
        <Types title="Roots">{roots.map(linked)}</Types>
        <Types title="Things">{main.filter(isThing).map(linked)}</Types>
        <Types title="Figures and parts">{main.filter((type) => !isThing(type) && !isWord(type)).map(linked)}</Types>
        <Types title="Words and formats">{main.filter(isWord).map(linked)}</Types>
        <p className="tributary-docs">
          <label>
            <input type="checkbox" checked={showsAll} onChange={(event) => setShowsAll(event.target.checked)} /> Show the {helpers.length} types
            that serve these: filters, orders, pages, inputs, sums
          </label>
          <button type="button" onClick={() => void saveSchema()}>
            Save schema.graphql
          </button>
        </p>
        {showsAll && <Types title="Helpers">{helpers.map(linked)}</Types>}
      </div>
    </section>
  );
}

function Types({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h3 className="graphiql-doc-explorer-section-title">{title}</h3>
      <div className="tributary-types">{children}</div>
    </div>
  );
}

function linked(type: GraphQLNamedType): ReactNode {
  return (
    <div key={type.name}>
      <TypeLink type={type} />
    </div>
  );
}

/** The address asks for a token, which a plain link cannot bring. */
async function saveSchema(): Promise<void> {
  const response = await fetch(new URL("schema.graphql", ENDPOINT), { headers: authorised({}) });
  if (!response.ok) return say("The schema cannot be read now.");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = "schema.graphql";
  link.click();
  URL.revokeObjectURL(link.href);
}

export const DOCS_PLUGIN: GraphiQLPlugin = { ...DOC_EXPLORER_PLUGIN, content: Docs };
