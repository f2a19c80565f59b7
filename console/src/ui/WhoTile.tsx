// Who looks, and when, faintly over the page: a photograph of the screen tells whose it is.
import { useEffect, useRef } from 'react'
import { useSession } from '../app/session'
import { useFormat } from '../app/workspace'
import './who-tile.css'

const STEP_X = 260
const STEP_Y = 150
const ANEW_MS = 60_000

export function WhoTile() {
  const canvas = useRef<HTMLCanvasElement>(null)
  const name = useSession()?.user.name
  const format = useFormat()
  useEffect(() => {
    const draw = () => {
      const sheet = canvas.current
      const pen = sheet?.getContext('2d')
      if (!sheet || !pen || !name) return
      const { width, height } = sheet.getBoundingClientRect()
      const ratio = window.devicePixelRatio || 1
      sheet.width = width * ratio
      sheet.height = height * ratio
      const style = getComputedStyle(sheet)
      pen.scale(ratio, ratio)
      pen.font = `14px ${style.fontFamily}`
      pen.fillStyle = style.color
      const text = `${name} ${format.instant(new Date().toISOString())}`
      for (let y = 0; y < height + STEP_Y; y += STEP_Y) {
        for (let x = (y / STEP_Y) % 2 === 0 ? 0 : -STEP_X / 2; x < width; x += STEP_X) {
          pen.save()
          pen.translate(x, y)
          pen.rotate(-0.35)
          pen.fillText(text, 0, 0)
          pen.restore()
        }
      }
    }
    draw()
    const timer = setInterval(draw, ANEW_MS)
    window.addEventListener('resize', draw)
    return () => {
      clearInterval(timer)
      window.removeEventListener('resize', draw)
    }
  }, [name, format])
  return <canvas ref={canvas} className="zk-who-tile" aria-hidden="true" />
}
