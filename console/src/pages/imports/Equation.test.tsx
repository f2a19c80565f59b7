import { screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { renderPart } from '../../test-render'
import { rowsMissing } from './counts'
import { Equation } from './Equation'

const counts = { rows_read: 1_067_371, rows_loaded: 1_032_998, rows_duplicate: 34_335, rows_quarantined: 38 }

describe('counts of a load', () => {
  it('are shown as an equation that is true', () => {
    renderPart(<Equation counts={counts} />)
    expect(screen.getByRole('group', { name: '每一行的去向' })).toHaveProperty('textContent', '读取1,067,371=载入1,032,998+重复34,335+隔离38✓ 合计相符')
    expect(screen.queryByRole('alert')).toBeNull()
  })

  it('say so when it is not, by how much and what to do', () => {
    expect(rowsMissing({ ...counts, rows_duplicate: 34_330 })).toBe(5)
    renderPart(<Equation counts={{ ...counts, rows_duplicate: 34_330 }} />, 'en')
    expect(screen.getByRole('alert').textContent).toContain('Off by 5 rows')
  })

  it('speak of what would happen in a dry run', () => {
    renderPart(<Equation counts={counts} isDryRun />)
    expect(screen.getByText('将载入')).toBeTruthy()
    expect(screen.getByText('将隔离')).toBeTruthy()
  })
})
