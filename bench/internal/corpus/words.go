package corpus

// What the events are filled with. The customers are invented.
var (
	names      = []string{"Amélie Dupont", "Jürgen Groß", "山田 太郎", "Zoë O’Neill", "Анна Иванова", "محمد علي", "Maria Silva", "Nguyễn Văn An", "Joe 🚀 Bloggs", "Łukasz Żak"}
	plans      = []string{"free", "trial", "pro", "team", "enterprise"}
	cities     = []string{"Lyon", "Köln", "東京", "São Paulo", "Łódź", "Aarhus", "Boston", "Québec", "Malmö", "Zürich"}
	countries  = []string{"France", "Deutschland", "日本", "Brasil", "Polska", "Danmark", "United States", "Canada"}
	currencies = []string{"EUR", "USD", "JPY", "BRL", "PLN"}
	sources    = []string{"newsletter", "partner", "search", "social"}
	sections   = []string{"spring/sale", "shop/shoes", "shop/books", "blog", "account/orders", "help/artikel", "produits/été"}
	locales    = []string{"fr-FR", "de-DE", "ja-JP", "en-US", "pt-BR", "pl-PL"}
	zones      = []string{"GMT+0100", "GMT+0900", "GMT-0300", "GMT-0500", "GMT+0000"}
	makers     = []string{"Google", "Samsung", "Apple", "Fairphone"}
	models     = []string{"Pixel 9", "SM-S931B", "iPhone17,3", "FP5"}
	systems    = []string{"Android", "iOS"}

	events = []string{
		"Product Viewed", "Product Added", "Order Completed", "Cart Viewed", "Checkout Started", "Signup Started",
		"Search Performed", "Coupon Applied", "Video Played", "Article Lu", "Commande Terminée",
	}
	titles = []string{
		"Example Shop – Spring Sale", "Checkout", "Your orders", "Chaussures d’été", "本の棚", "Search results",
		"Hilfe & Kontakt", "Sign up", "Welcome back 👋",
	}
	products = []string{
		"Sneaker “Été” 42", "Kaffeemaschine", "吉祥寺ガイド", "Notebook A5", "Umbrella, large", "Bicycle bell", "Thé vert 🍵",
		"Wool socks 3-pack", "Desk lamp", "Żurek w słoiku",
	}
	agents = []string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0",
	}
)
