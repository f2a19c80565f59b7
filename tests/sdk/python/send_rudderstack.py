import sys

import rudderstack.analytics as analytics

url, key = sys.argv[1:3]
failed = []
analytics.write_key = key
analytics.dataPlaneUrl = url
analytics.gzip = True
analytics.on_error = lambda error, items: failed.append(error)
user = "u-rudder-python"
analytics.identify(user, {"phone": "13900000004", "level": "gold"})
analytics.track(user, "签到", {"store": "徐汇店"})
analytics.track(
    user,
    "Order Completed",
    {
        "order_id": "o-rudder-python",
        "total": 44.4,
        "currency": "CNY",
        "products": [{"product_id": "p-1", "price": 44.4, "quantity": 1}],
    },
)
analytics.shutdown()
sys.exit(f"failed: {failed}" if failed else 0)
