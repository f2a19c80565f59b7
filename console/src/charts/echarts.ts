// The parts of ECharts that we use, and no more. Loaded by pages with charts only.
import { BarChart, LineChart } from 'echarts/charts'
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components'
import { init, use as register } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

register([LineChart, BarChart, GridComponent, TooltipComponent, AriaComponent, CanvasRenderer])

export { init }
