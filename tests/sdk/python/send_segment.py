import sys

import segment.analytics as analytics

url, key = sys.argv[1:3]
failed = []
analytics.write_key = key
analytics.host = url
analytics.gzip = True
analytics.on_error = lambda error, items: failed.append(error)
user = "u-segment-python"
analytics.identify(user, {"phone": "13900000003", "level": "gold"})
analytics.track(user, "签到", {"store": "徐汇店"})
analytics.track(
    user,
    "Order Completed",
    {
        "order_id": "o-segment-python",
        "total": 55.5,
        "currency": "CNY",
        "products": [{"product_id": "p-1", "price": 55.5, "quantity": 1}],
    },
)
analytics.page(anonymous_id="a-segment-python", name="首页")
analytics.shutdown()
sys.exit(f"failed: {failed}" if failed else 0)
