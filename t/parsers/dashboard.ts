// The dashboard as Grafana's own types have it, for the panels that it uses.  In
// JSON an enumeration is its value, and what has a default may be left out.

import type {
    Dashboard, DataQuery, FieldConfig, FieldConfigSource, Panel, RowPanel, VariableModel,
} from '@grafana/schema';
import type * as Stat from
    '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as Table from
    '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as TimeSeries from
    '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Plain<T> = T extends string ? `${T}`
    : T extends (infer U)[] ? Plain<U>[]
    : T extends object ? { [K in keyof T]?: Plain<T[K]> }
    : T;

// The types of its data source are no part of @grafana/schema.

interface Query extends DataQuery {
    refId: string;
    datasource: { type: 'prometheus'; uid: string };
    expr: string;
    editorMode: 'code';
    format?: 'table' | 'time_series';
    instant: boolean;
    range: boolean;
    legendFormat?: string;
}

type Place = Required<Pick<Panel, 'id' | 'title' | 'gridPos'>>;

type Shown<Type, Options, Custom> = Place
    & Plain<Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'>> & {
    type: Type;
    datasource: Query['datasource'];
    options: Plain<Options>;
    fieldConfig: Plain<Omit<FieldConfigSource, 'defaults'>> & {
        defaults: Plain<Omit<FieldConfig, 'custom'>> & { custom?: Plain<Custom> };
    };
    targets: Query[];
};

// Grafana itself exports the definition of a variable, which its type lacks.

export type Board = Plain<Omit<Dashboard, 'panels' | 'templating'>> & {
    templating: { list: (Plain<VariableModel> & { definition?: string })[] };
    panels: (
        Place & Plain<RowPanel>
        | Shown<'stat', Stat.Options, {}>
        | Shown<'table', Table.Options, Table.FieldConfig>
        | Shown<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig>
    )[];
};
