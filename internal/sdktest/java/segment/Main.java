import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.AliasMessage;
import com.segment.analytics.messages.GroupMessage;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.Message;
import com.segment.analytics.messages.MessageBuilder;
import com.segment.analytics.messages.PageMessage;
import com.segment.analytics.messages.ScreenMessage;
import com.segment.analytics.messages.TrackMessage;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Segment's SDK for Java. For each number on stdin it makes every call it has, and waits until they
 * were delivered.
 */
class Main {
  public static void main(String[] args) throws InterruptedException {
    String url = args[0], writeKey = args[1], person = args[2];
    Semaphore delivered = new Semaphore(0);
    Analytics analytics =
        Analytics.builder(writeKey)
            .endpoint(url)
            .flushInterval(1, TimeUnit.SECONDS)
            .callback(
                new Callback() {
                  @Override
                  public void success(Message message) {
                    delivered.release();
                  }

                  @Override
                  public void failure(Message message, Throwable reason) {
                    reason.printStackTrace();
                    System.exit(1);
                  }
                })
            .build();
    for (Scanner lines = new Scanner(System.in); lines.hasNextInt(); ) {
      int n = lines.nextInt();
      List<MessageBuilder> calls =
          List.of(
              IdentifyMessage.builder().traits(Map.of("plan", "pro", "n", n)),
              TrackMessage.builder("Order Completed").properties(Map.of("total", 9.5, "n", n)),
              PageMessage.builder("Cart").category("Shop").properties(Map.of("n", n)),
              ScreenMessage.builder("Cart").properties(Map.of("category", "Shop", "n", n)),
              GroupMessage.builder("team-" + n).traits(Map.of("n", n)),
              AliasMessage.builder(person + "-" + n));
      for (MessageBuilder call : calls) {
        analytics.enqueue(call.userId(person));
      }
      analytics.flush();
      delivered.acquire(calls.size());
    }
    analytics.shutdown();
    System.exit(0);
  }
}
