// Names for the wire types. They are taken from the paths, so that they hold whatever the document calls its schemas.
import type { paths } from './schema'

type Json<Operation> = Operation extends { responses: { 200: { content: { 'application/json': infer Body } } } } ? Body : never

export type Workspace = Json<paths['/api/v1/workspace']['get']>
export type Overview = Json<paths['/api/v1/overview']['get']>
export type Kpi = Overview['kpis'][number]
export type TrendPoint = Overview['trend'][number]
export type ProfileItem = Json<paths['/api/v1/profiles']['get']>['items'][number]
export type ProfileQuery = paths['/api/v1/profiles/query']['post']['requestBody']['content']['application/json']
export type ProfileColumn = Json<paths['/api/v1/profiles/columns']['get']>['items'][number]
export type ExportRequest = paths['/api/v1/exports']['post']['requestBody']['content']['application/json']
export type View = Json<paths['/api/v1/views']['get']>['items'][number]
export type PutView = paths['/api/v1/views']['post']['requestBody']['content']['application/json']
export type ProfileSheet = Json<paths['/api/v1/profiles/{profile_id}']['get']>
export type Rfm = NonNullable<ProfileSheet['rfm']>
export type Identity = ProfileSheet['identities'][number]
export type IdentityEdge = ProfileSheet['edges'][number]
export type MonthValue = ProfileSheet['value_by_month'][number]
export type Order = Json<paths['/api/v1/profiles/{profile_id}/orders']['get']>['items'][number]
export type ImportItem = Json<paths['/api/v1/imports']['get']>['items'][number]
export type ImportSheet = Json<paths['/api/v1/imports/{batch_id}']['get']>
export type LoadReport = NonNullable<ImportSheet['report']>
export type Upload = Json<paths['/api/v1/uploads']['post']>
export type Target = Upload['targets'][number]
export type Doubt = Upload['doubts'][number]
export type Mapping = Upload['mapping']
export type MappingColumn = Mapping['columns'][number]
export type Job = Json<paths['/api/v1/jobs/{job_id}']['get']>
export type QuarantineItem = Json<paths['/api/v1/imports/{batch_id}/quarantine']['get']>['items'][number]
export type RevealedRow = Json<paths['/api/v1/imports/{batch_id}/quarantine/{row_no}/reveal']['post']>
export type SourceList = Json<paths['/api/v1/sources']['get']>
export type Source = SourceList['items'][number]
export type CreateSource = paths['/api/v1/sources']['post']['requestBody']['content']['application/json']
export type UpdateSource = paths['/api/v1/sources/{source_id}']['patch']['requestBody']['content']['application/json']
export type Binding = Json<paths['/api/v1/bindings']['get']>['items'][number]
export type BindingLink = Json<paths['/api/v1/bindings/{binding_id}']['get']>
export type CreateBinding = paths['/api/v1/bindings']['post']['requestBody']['content']['application/json']
/** What the stream of live events carries. */
export type LiveEvent = paths['/api/v1/live']['get']['responses'][200]['content']['text/event-stream']
export type Segment = Json<paths['/api/v1/segments']['get']>['items'][number]
export type SegmentPreview = Json<paths['/api/v1/segments/preview']['post']>
export type SegmentWhy = Json<paths['/api/v1/segments/{segment_id}/why/{profile_id}']['get']>
export type SegmentSize = Json<paths['/api/v1/segments/{segment_id}/sizes']['get']>['items'][number]
export type SegmentDifference = Json<paths['/api/v1/segments/{segment_id}/compare']['get']>['differences'][number]
export type SegmentOverlap = Json<paths['/api/v1/segments/overlap']['post']>
export type NewSegment = paths['/api/v1/segments']['post']['requestBody']['content']['application/json']
export type UpdateSegment = paths['/api/v1/segments/{segment_id}']['patch']['requestBody']['content']['application/json']
