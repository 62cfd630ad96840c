using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Azure;
using Azure.Core;
using Microsoft.Extensions.Logging.Testing;
using Moq;
using NJsonSchema;
using Operations.Drill;
using Operations.Health;
using Operations.Notifications;
using Operations.Status;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>Summaries and warnings: what is posted to a real server, and that a webhook that does not work changes nothing else.</summary>
public sealed class NotificationTests(AzuriteFixture azurite)
{
    // What of a card Teams needs, by https://adaptivecards.io/schemas/1.4.0/adaptive-card.json and the form of messages to workflows.
    private const string CardSchema = """
        {
          "type": "object", "additionalProperties": false, "required": ["type", "attachments"],
          "properties": {
            "type": { "enum": ["message"] },
            "attachments": {
              "type": "array", "minItems": 1, "maxItems": 1,
              "items": {
                "type": "object", "additionalProperties": false, "required": ["contentType", "content"],
                "properties": {
                  "contentType": { "enum": ["application/vnd.microsoft.card.adaptive"] },
                  "contentUrl": { "type": "null" },
                  "content": {
                    "type": "object", "additionalProperties": false, "required": ["$schema", "type", "version", "body"],
                    "properties": {
                      "$schema": { "type": "string" }, "type": { "enum": ["AdaptiveCard"] }, "version": { "enum": ["1.4"] },
                      "fallbackText": { "type": "string" },
                      "msteams": { "type": "object", "properties": { "width": { "enum": ["Full"] } } },
                      "actions": {
                        "type": "array",
                        "items": {
                          "type": "object", "required": ["type", "title", "url"],
                          "properties": { "type": { "enum": ["Action.OpenUrl"] }, "url": { "type": "string", "format": "uri" } }
                        }
                      },
                      "body": {
                        "type": "array", "minItems": 2,
                        "items": {
                          "oneOf": [
                            {
                              "type": "object", "additionalProperties": false, "required": ["type", "text"],
                              "properties": {
                                "type": { "enum": ["TextBlock"] }, "text": { "type": "string", "minLength": 1 }, "wrap": { "type": "boolean" },
                                "size": { "enum": ["Default", "Small", "Medium", "Large", "ExtraLarge"] },
                                "weight": { "enum": ["Default", "Lighter", "Bolder"] },
                                "color": { "enum": ["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"] }
                              }
                            },
                            {
                              "type": "object", "additionalProperties": false, "required": ["type", "facts"],
                              "properties": {
                                "type": { "enum": ["FactSet"] },
                                "facts": {
                                  "type": "array",
                                  "items": {
                                    "type": "object", "additionalProperties": false, "required": ["title", "value"],
                                    "properties": { "title": { "type": "string" }, "value": { "type": "string" } }
                                  }
                                }
                              }
                            }
                          ]
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
        """;

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Summary_is_posted_as_JSON_by_its_schema()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url);
        await FillAsync(pipeline);

        await pipeline.Get<Notifier>().SendSummaryAsync(Cancellation);

        var post = Assert.Single(hook.Posts);
        Assert.Equal(("application/json; charset=utf-8", false), (post.ContentType, post.IsTraced));
        await AssertValidAsync(await File.ReadAllTextAsync("Data/notification.schema.json", Cancellation), post.Body);
        Assert.Equal("summary", hook.Last.GetProperty("kind").GetString());
        Assert.False(hook.Last.GetProperty("isSafe").GetBoolean());
        var figures = hook.Last.GetProperty("figures");
        Assert.Equal((3, 1, 4096), (Figure("archivedLastDay"), Figure("failed"), Figure("bytesLastDay")));
        var text = hook.Last.GetProperty("text").GetString()!;
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        Assert.Contains("\n3 of 4 recordings safe. 1 failed.", text, StringComparison.Ordinal);
        Assert.Contains("\nArchived in the last 24 hours: 3 objects, 4.1 kB\n", text, StringComparison.Ordinal);
        Assert.Contains("\nFailed: 1 object. 1 × 8x8 does not let this API key download the object (403).", text, StringComparison.Ordinal);
        Assert.Contains("\nLast reconcile: none yet\n", text, StringComparison.Ordinal);
        Assert.Contains("\nVerification: No damage is known. Nothing waits to be read. The object read longest ago was ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret name", post.Body, StringComparison.Ordinal);

        long Figure(string name) => figures.GetProperty(name).GetInt64();
    }

    [Fact]
    public async Task Summary_says_of_verification_what_is_still_to_be_planned_and_when_what_was_read_longest_ago_was_read()
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url, time);
        Assert.EndsWith("Nothing is archived yet.", await SummarizeAsync(), StringComparison.Ordinal);
        await FillAsync(pipeline);
        var read = (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).OldestRead!.Value.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'");
        Assert.EndsWith($"Nothing waits to be read. The object read longest ago was read on {read}.", await SummarizeAsync(), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromDays(40));
        Assert.EndsWith(
            $"The object read longest ago was read on {read}, although each is to be read within 30 days. Look for errors of VerifyArchive and VerifyObject.",
            await SummarizeAsync(),
            StringComparison.Ordinal);

        var steps = pipeline.Account.Queues.GetQueueClient(QueueNames.PlanDays);
        await steps.CreateIfNotExistsAsync(cancellationToken: Cancellation);
        await steps.SendMessageAsync("a step", Cancellation);
        Assert.Contains("Days are still to be planned. The object read longest ago", await SummarizeAsync(), StringComparison.Ordinal);

        async Task<string> SummarizeAsync() =>
            (await pipeline.Get<SummaryWriter>().WriteAsync(Cancellation)).Facts.Single(fact => fact.Name == "Verification").Value;
    }

    [Fact]
    public async Task Summary_and_warning_are_posted_as_adaptive_cards_by_their_schema()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url, ("Notifications__Format", "AdaptiveCard"), ("WEBSITE_HOSTNAME", "app.azurewebsites.net"));
        await FillAsync(pipeline);
        await PutAtRiskAsync(pipeline, type: "[click](https://evil.example)");

        await pipeline.Get<Notifier>().SendSummaryAsync(Cancellation);
        await WarnAsync(pipeline);

        Assert.Equal(2, hook.Posts.Count);
        Assert.All(hook.Posts, post => Assert.Empty(Validate(post.Body)));
        var card = hook.Last.GetProperty("attachments")[0].GetProperty("content");
        Assert.Equal("8x8 archive needs attention", card.GetProperty("body")[0].GetProperty("text").GetString());
        Assert.Equal("Attention", card.GetProperty("body")[1].GetProperty("color").GetString());
        Assert.Equal("https://app.azurewebsites.net/api/dashboard", card.GetProperty("actions")[0].GetProperty("url").GetString());
        Assert.DoesNotContain("[click](https", card.GetProperty("body").GetRawText(), StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(card.GetProperty("fallbackText").GetString()!);

        ICollection<NJsonSchema.Validation.ValidationError> Validate(string body) =>
            JsonSchema.FromJsonAsync(CardSchema, Cancellation).GetAwaiter().GetResult().Validate(body);
    }

    [Fact]
    public async Task Summary_for_Slack_is_text_alone_that_links_to_nothing_by_itself()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url, ("Notifications__Format", "Slack"));
        await PutAtRiskAsync(pipeline, type: "<https://evil.example|click>");

        await pipeline.Get<Notifier>().SendSummaryAsync(Cancellation);

        Assert.Equal("text", Assert.Single(hook.Last.EnumerateObject()).Name);
        Assert.Contains("&lt;https://evil.example|click&gt;", hook.Last.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://hooks.slack.com/services/x", NotificationFormat.Slack)]
    [InlineData("https://prod-12.westeurope.logic.azure.com:443/workflows/x", NotificationFormat.AdaptiveCard)]
    [InlineData("https://default123.4f.environment.api.powerplatform.com/powerautomate/x", NotificationFormat.AdaptiveCard)]
    [InlineData("https://contoso.webhook.office.com/webhookb2/x", NotificationFormat.AdaptiveCard)]
    [InlineData("https://logic.azure.com.evil.example/x", NotificationFormat.Json)]
    [InlineData("https://example.com/hook", NotificationFormat.Json)]
    public void Form_goes_by_the_address(string address, NotificationFormat expected)
    {
        Assert.Equal(expected, NotificationBody.FormFor(new Uri(address), NotificationFormat.Auto));
        Assert.Equal(NotificationFormat.Slack, NotificationBody.FormFor(new Uri(address), NotificationFormat.Slack));
    }

    [Theory]
    [InlineData("500", "The webhook fails (500).")]
    [InlineData("404", "The webhook refuses the post (404).")]
    [InlineData("400", "Set Notifications__Format")]
    [InlineData("429", "The webhook fails (429).")]
    [InlineData("503", "The webhook fails (503).")]
    [InlineData("closes", "closed the connection without an answer")]
    [InlineData("hangs", "did not answer within 3 seconds")]
    [InlineData("hangs at the second try", "did not answer within 3 seconds")]
    [InlineData("redirects", "The webhook redirects (307), which is not followed.")]
    [InlineData("is down", "cannot be reached")]
    public async Task Webhook_that_does_not_work_changes_nothing_else(string behavior, string problem)
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var elsewhere = await WebhookServer.StartAsync(Cancellation);
        hook.Answer = behavior switch
        {
            "hangs" => context => Task.Delay(Timeout.Infinite, context.RequestAborted),
            "closes" => context =>
            {
                context.Abort();
                return Task.CompletedTask;
            }
            ,
            "hangs at the second try" => context =>
            {
                context.Response.StatusCode = 503;
                return hook.Posts.Count % 2 == 1 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
            ,
            "redirects" => context =>
            {
                context.Response.Headers.Location = elsewhere.Url.AbsoluteUri;
                context.Response.StatusCode = 307;
                return Task.CompletedTask;
            }
            ,
            _ => context =>
            {
                context.Response.StatusCode = int.TryParse(behavior, out var status) ? status : 200;
                if (status is 429 or 503)
                {
                    // Longer than the app waits, and longer than a timer can.
                    context.Response.Headers.RetryAfter = status == 429 ? "60" : "5000000";
                }

                return Task.CompletedTask;
            }
            ,
        };

        // Bound and not listening: connections are refused, and no other program gets the port meanwhile.
        using var down = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        down.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var pipeline = await StartAsync(behavior == "is down" ? new Uri($"http://{down.LocalEndPoint}/hook/s3cret") : hook.Url);
        await FillAsync(pipeline);
        await PutAtRiskAsync(pipeline);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = Now.AddHours(-1) });
        var before = (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict;
        var log = new FakeLogger<Notifier>();
        var notifier = Notifier(pipeline, TimeProvider.System, log, behavior.StartsWith("hangs", StringComparison.Ordinal) ? Short : null);

        var summary = notifier.SendSummaryAsync(Cancellation);
        await pipeline.RunAsync();
        await summary;
        await notifier.WarnAsync(await pipeline.Get<StatusReader>().ReadAsync(Cancellation), Cancellation);

        await pipeline.AssertArchivedAsync(item);
        Assert.False(before.IsSafe);
        Assert.Empty(elsewhere.Posts);
        var status = (await notifier.FindStatusAsync(Cancellation))!;
        Assert.Null(status.LastSent);
        Assert.Contains(problem, status.LastError, StringComparison.Ordinal);
        Assert.Contains(log.Collector.GetSnapshot(), line => line.Id.Id == 2201);
        var lines = pipeline.Logs.GetSnapshot().Concat(log.Collector.GetSnapshot());
        Assert.DoesNotContain("s3cret", string.Join('\n', lines.Select(line => line.Message + line.Exception)), StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", status.LastError, StringComparison.Ordinal);

        // It works again: what could not be posted is posted at the next look, and no hour is waited for.
        if (behavior is not ("is down" or "closes" or "hangs" or "hangs at the second try"))
        {
            var posts = hook.Posts.Count;
            hook.Answer = _ => Task.CompletedTask;
            await notifier.WarnAsync(await pipeline.Get<StatusReader>().ReadAsync(Cancellation), Cancellation);
            Assert.Equal(posts + 1, hook.Posts.Count);
            Assert.Null((await notifier.FindStatusAsync(Cancellation))!.LastError);
        }
    }

    [Fact]
    public async Task Webhook_that_fails_once_is_tried_again()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        hook.Answer = context =>
        {
            context.Response.StatusCode = hook.Posts.Count == 1 ? 503 : 200;
            return Task.CompletedTask;
        };
        await using var pipeline = await StartAsync(hook.Url);

        await Notifier(pipeline, TimeProvider.System).SendSummaryAsync(Cancellation);

        Assert.Equal(2, hook.Posts.Count);
    }

    [Fact]
    public async Task Warning_is_posted_at_once_and_once_an_hour_at_most()
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            time,
            settings: [("Notifications__WebhookUrl", hook.Url.AbsoluteUri), ("EightByEight__Regions", "us-east,uk")]);
        await NoteListedAsync(pipeline, time);
        await WarnAsync(pipeline);
        Assert.Empty(hook.Posts);

        await PutAtRiskAsync(pipeline, time: time);
        await WarnAsync(pipeline);
        Assert.Equal("warning", hook.Last.GetProperty("kind").GetString());
        var text = hook.Last.GetProperty("text").GetString();
        Assert.Contains("At risk: 1 object. 8x8 deletes the first of 1 voicemail in us-east on ", text, StringComparison.Ordinal);
        await AssertValidAsync(await File.ReadAllTextAsync("Data/notification.schema.json", Cancellation), hook.Posts.Last().Body);

        // Another cause waits for the end of the hour; the same one for a day.
        await WarnAsync(pipeline);
        time.Advance(TimeSpan.FromMinutes(35));
        await WarnAsync(pipeline);
        Assert.Single(hook.Posts);
        time.Advance(TimeSpan.FromMinutes(26));
        await WarnAsync(pipeline);
        Assert.Equal(2, hook.Posts.Count);
        Assert.Contains("\nListing: us-east was last listed to its end at ", hook.Last.GetProperty("text").GetString(), StringComparison.Ordinal);
        time.Advance(TimeSpan.FromHours(23));
        await WarnAsync(pipeline);
        Assert.Equal(2, hook.Posts.Count);
        time.Advance(TimeSpan.FromHours(2));
        await WarnAsync(pipeline);
        Assert.Equal(3, hook.Posts.Count);
    }

    [Fact]
    public async Task Drill_that_could_read_nothing_is_posted_as_a_warning()
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url, time);
        await NoteListedAsync(pipeline, time);
        var report = new DrillReport(time.GetUtcNow(), Seed: 1, Archived: 30, Objects: 16, Bytes: 4096, Failed: 0, Problems: []) { Unread = 4 };
        await pipeline.Get<DrillRecord>().WriteAsync(report, Cancellation);
        await WarnAsync(pipeline);
        Assert.Empty(hook.Posts);

        await pipeline.Get<DrillRecord>().WriteAsync(report with { Objects = 0, Bytes = 0, Unread = 20 }, Cancellation);
        await WarnAsync(pipeline);

        Assert.Equal("warning", hook.Last.GetProperty("kind").GetString());
        Assert.Contains("nothing could be read, so nothing is proven. 20 objects", hook.Last.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warning_that_the_end_of_the_app_interrupts_is_posted_again_after_an_hour()
    {
        var time = new MovableTime();
        using var stop = new CancellationTokenSource();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        hook.Answer = async context =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        await using var pipeline = await StartAsync(hook.Url, time);
        await PutAtRiskAsync(pipeline, time: time);
        var status = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Notifier(pipeline, time).WarnAsync(status, stop.Token));

        hook.Answer = _ => Task.CompletedTask;
        time.Advance(TimeSpan.FromMinutes(61));
        await Notifier(pipeline, time).WarnAsync(status, Cancellation);

        Assert.Equal(2, hook.Posts.Count);
    }

    [Fact]
    public async Task Risks_in_another_order_are_no_other_cause()
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url, time);
        var status = await PutTwoAtRiskAsync(pipeline, time);
        Assert.Equal(2, status.Risks.Count);
        await Notifier(pipeline, time).WarnAsync(status, Cancellation);

        time.Advance(TimeSpan.FromMinutes(61));
        await NoteListedAsync(pipeline, time);
        await Notifier(pipeline, time).WarnAsync(status with { Risks = [.. status.Risks.Reverse()] }, Cancellation);

        Assert.Single(hook.Posts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Webhook_that_takes_a_post_and_answers_too_late_or_not_at_all_gets_it_once_an_hour(bool isLate)
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        hook.Answer = context =>
        {
            if (isLate)
            {
                return Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            context.Abort();
            return Task.CompletedTask;
        };
        await using var pipeline = await StartAsync(hook.Url, time);
        await PutAtRiskAsync(pipeline, time: time);
        var notifier = Notifier(pipeline, time);
        for (var look = 0; look < 3; look++)
        {
            await notifier.WarnAsync(await pipeline.Get<StatusReader>().ReadAsync(Cancellation), Cancellation);
            time.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Single(hook.Posts);
        Assert.Contains("the last post may not have arrived", (await notifier.FindStatusAsync(Cancellation))!.LastError, StringComparison.Ordinal);

        hook.Answer = _ => Task.CompletedTask;
        time.Advance(TimeSpan.FromMinutes(50));
        await notifier.WarnAsync(await pipeline.Get<StatusReader>().ReadAsync(Cancellation), Cancellation);
        Assert.Equal(2, hook.Posts.Count);
        Assert.Null((await notifier.FindStatusAsync(Cancellation))!.LastError);
    }

    [Fact]
    public async Task Summary_is_posted_the_same_morning_when_the_vault_gives_the_address_again()
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await NoteListedAsync(pipeline, time);
        var status = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        var vault = new Mock<ITokenStore>();
        vault.Setup(store => store.FindSecretAsync("notifications-webhook-url", It.IsAny<CancellationToken>()))
            .ThrowsAsync(new OutageException(Condition.Vault, "Key Vault cannot be reached."));
        var notifier = pipeline.Create<Notifier>(new Webhook(pipeline.Get<ArchiverOptions>(), vault.Object, time, Short));

        await notifier.SendSummaryAsync(Cancellation);
        Assert.Equal("Key Vault cannot be reached.", (await notifier.FindStatusAsync(Cancellation))!.LastError);
        vault.Setup(store => store.FindSecretAsync("notifications-webhook-url", It.IsAny<CancellationToken>())).ReturnsAsync(hook.Url.AbsoluteUri);
        for (var look = 0; look < 3; look++)
        {
            time.Advance(TimeSpan.FromMinutes(5));
            await notifier.WarnAsync(status, Cancellation);
        }

        Assert.Equal("summary", JsonDocument.Parse(Assert.Single(hook.Posts).Body).RootElement.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Summary_that_is_due_stays_due_when_a_warning_is_recorded_at_the_same_time()
    {
        var time = new MovableTime();
        var before = new RequestHook(request => request.Method == RequestMethod.Put && request.Uri.Path.Contains("posts", StringComparison.Ordinal));
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            time,
            storagePolicy: before,
            settings: ("Notifications__WebhookUrl", hook.Url.AbsoluteUri));
        await PutAtRiskAsync(pipeline, time: time);
        await pipeline.Get<Notifier>().SendSummaryAsync(Cancellation);
        await using var other = await Pipeline.StartAsync(azurite, time, pipeline.Account, pipeline.Simulator);
        var vault = new Mock<ITokenStore>();
        vault.Setup(store => store.FindSecretAsync("notifications-webhook-url", It.IsAny<CancellationToken>()))
            .ThrowsAsync(new OutageException(Condition.Vault, "Key Vault cannot be reached."));
        var withoutAddress = other.Create<Notifier>(new Webhook(other.Get<ArchiverOptions>(), vault.Object, time, Short));
        before.Action = () => withoutAddress.SendSummaryAsync(Cancellation);

        await WarnAsync(pipeline);
        time.Advance(TimeSpan.FromMinutes(5));
        await WarnAsync(pipeline);

        Assert.Equal(
            ["summary", "warning", "summary"],
            hook.Posts.Select(post => JsonDocument.Parse(post.Body).RootElement.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task Summary_says_that_the_last_reconcile_cannot_be_read_and_is_posted_all_the_same()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        var before = new RequestHook(request => request.Uri.Query.Contains("reconcile", StringComparison.Ordinal));
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: before, settings: ("Notifications__WebhookUrl", hook.Url.AbsoluteUri));
        before.Action = () => throw new RequestFailedException(503, "busy");

        await pipeline.Get<Notifier>().SendSummaryAsync(Cancellation);

        Assert.Null(before.Action);
        Assert.Contains("its report cannot be read now", Assert.Single(hook.Posts).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Summary_of_an_app_that_was_away_counts_what_it_archived_since()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url);
        await FillAsync(pipeline);
        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = Now.AddMinutes(-30), UpdatedTime = Now, Bytes = 500 });
        await Pipeline.PassWindowEndAsync();
        await pipeline.RunAsync();

        await pipeline.Get<Notifier>().SendSummaryAsync(Cancellation);

        Assert.Equal(1, hook.Last.GetProperty("figures").GetProperty("archivedLastDay").GetInt32());
    }

    [Fact]
    public async Task Warning_after_a_drill_that_failed_says_so_before_the_verdict()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url);
        await NoteListedAsync(pipeline, TimeProvider.System);
        await FailDrillAsync(pipeline);

        await WarnAsync(pipeline);

        Assert.Contains("The last restore drill did not pass, see below.", hook.Last.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Summary_after_a_drill_that_failed_is_not_safe()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url);
        await NoteListedAsync(pipeline, TimeProvider.System);
        await FailDrillAsync(pipeline);

        await pipeline.Get<Notifier>().SendSummaryAsync(Cancellation);

        Assert.False(hook.Last.GetProperty("isSafe").GetBoolean());
        Assert.Contains("The last restore drill did not pass, see below.", hook.Last.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warning_is_not_repeated_when_one_of_its_causes_ends_and_is_when_that_comes_back()
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await StartAsync(hook.Url, time);
        var status = await PutTwoAtRiskAsync(pipeline, time);
        await Notifier(pipeline, time).WarnAsync(status, Cancellation);

        time.Advance(TimeSpan.FromMinutes(61));
        await NoteListedAsync(pipeline, time);
        await Notifier(pipeline, time).WarnAsync(status with { Risks = [status.Risks[0]] }, Cancellation);
        Assert.Single(hook.Posts);

        await Notifier(pipeline, time).WarnAsync(status, Cancellation);
        Assert.Equal(2, hook.Posts.Count);

        // Within the hour one ends while another comes, and both are as before an hour later.
        await Notifier(pipeline, time).WarnAsync(status with { Risks = [status.Risks[0], status.Risks[1] with { Type = "transcription" }] }, Cancellation);
        time.Advance(TimeSpan.FromMinutes(61));
        await NoteListedAsync(pipeline, time);
        await Notifier(pipeline, time).WarnAsync(status, Cancellation);
        Assert.Equal(3, hook.Posts.Count);
    }

    [Fact]
    public async Task Address_that_is_gone_from_the_vault_is_said_once()
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var vault = new Mock<ITokenStore>();
        string? address = hook.Url.AbsoluteUri;
        vault.Setup(store => store.FindSecretAsync("notifications-webhook-url", It.IsAny<CancellationToken>())).ReturnsAsync(() => address);
        var log = new FakeLogger<Notifier>();
        var notifier = pipeline.Create<Notifier>(new Webhook(pipeline.Get<ArchiverOptions>(), vault.Object, time, Short), log);
        await notifier.SendSummaryAsync(Cancellation);

        address = null;
        time.Advance(TimeSpan.FromDays(1));
        await notifier.SendSummaryAsync(Cancellation);
        await notifier.SendSummaryAsync(Cancellation);

        Assert.Single(hook.Posts);
        Assert.StartsWith("Settings and vault hold no address", (await notifier.FindStatusAsync(Cancellation))!.LastError, StringComparison.Ordinal);
        Assert.Single(log.Collector.GetSnapshot(), line => line.Id.Id == 2201);
    }

    [Fact]
    public async Task Nothing_is_posted_where_there_is_no_webhook()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await PutAtRiskAsync(pipeline);

        await pipeline.Get<Notifier>().SendSummaryAsync(Cancellation);
        await WarnAsync(pipeline);

        Assert.Null(await pipeline.Get<Notifier>().FindStatusAsync(Cancellation));
    }

    [Fact]
    public async Task Address_comes_from_the_vault_where_the_settings_have_none()
    {
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var vault = new Mock<ITokenStore>();
        vault.Setup(store => store.FindSecretAsync("notifications-webhook-url", It.IsAny<CancellationToken>())).ReturnsAsync(hook.Url.AbsoluteUri);

        var webhook = new Webhook(pipeline.Get<ArchiverOptions>(), vault.Object, TimeProvider.System, Short);
        await pipeline.Create<Notifier>(webhook).SendSummaryAsync(Cancellation);
        await pipeline.Create<Notifier>(webhook).SendSummaryAsync(Cancellation);

        Assert.Equal(2, hook.Posts.Count);
        vault.Verify(store => store.FindSecretAsync(It.IsAny<string>(), It.IsAny<CancellationToken>()), Times.Once);
    }

    [Fact]
    public async Task Secret_that_the_vault_refuses_is_in_the_status_and_in_health_if_the_webhook_has_worked_lately()
    {
        var time = new MovableTime();
        await using var hook = await WebhookServer.StartAsync(Cancellation);
        var simulator = await global::Simulator.SimulatorServer.StartAsync(cancellationToken: Cancellation);
        simulator.SetSecret("notifications-webhook-url", hook.Url.AbsoluteUri);
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            time,
            simulator: simulator,
            settings: [("KeyVault__Uri", simulator.VaultUrl.AbsoluteUri), ("KeyVault__CertificateSha256", simulator.VaultCertificateSha256)]);
        var log = new FakeLogger<Notifier>();
        var notifier = pipeline.Create<Notifier>(log);
        var refused = new FaultRule { Call = "vault", Id = "notifications-webhook-url", Kind = FaultKind.Status, Status = 403 };
        simulator.Faults.Set(refused);

        // Whether there is a webhook is not known.
        await notifier.SendSummaryAsync(Cancellation);
        Assert.Contains("not known whether there is a webhook", (await notifier.FindStatusAsync(Cancellation))!.LastError, StringComparison.Ordinal);
        Assert.Empty(NotPosted());
        Assert.Null(await FindCheckAsync());

        time.Advance(TimeSpan.FromMinutes(11));
        simulator.Faults.Set();
        await notifier.SendSummaryAsync(Cancellation);
        Assert.Single(hook.Posts);
        Assert.Null((await notifier.FindStatusAsync(Cancellation))!.LastError);
        Assert.Null(await FindCheckAsync());

        // There was one.
        time.Advance(TimeSpan.FromMinutes(11));
        simulator.Faults.Set(refused);
        await notifier.SendSummaryAsync(Cancellation);
        Assert.Contains("the secret notifications-webhook-url (403)", (await FindCheckAsync())!.Message, StringComparison.Ordinal);
        Assert.Single(NotPosted());

        time.Advance(TimeSpan.FromDays(30));
        Assert.Null(await FindCheckAsync());

        async Task<FailedCheck?> FindCheckAsync() =>
            (await pipeline.Get<HealthReader>().ReadAsync(Cancellation)).Checks?.SingleOrDefault(check => check.Name == "Notifications");

        IEnumerable<FakeLogRecord> NotPosted() => log.Collector.GetSnapshot().Where(line => line.Id.Id == 2201);
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private Task<Pipeline> StartAsync(Uri hook, params (string Name, string Value)[] settings) =>
        Pipeline.StartAsync(azurite, settings: [("Notifications__WebhookUrl", hook.AbsoluteUri), .. settings]);

    private Task<Pipeline> StartAsync(Uri hook, MovableTime time) =>
        Pipeline.StartAsync(azurite, time, settings: ("Notifications__WebhookUrl", hook.AbsoluteUri));

    private static Notifier Notifier(Pipeline pipeline, TimeProvider time, FakeLogger<Notifier>? log = null, TimeSpan? timeout = null) =>
        pipeline.Create<Notifier>(new Webhook(pipeline.Get<ArchiverOptions>(), pipeline.Get<ITokenStore>(), time, timeout), log ?? new FakeLogger<Notifier>());

    /// <summary>Puts objects of two types at risk.</summary>
    private static async Task<StatusReport> PutTwoAtRiskAsync(Pipeline pipeline, MovableTime time)
    {
        await NoteListedAsync(pipeline, time);
        await PutAtRiskAsync(pipeline, time: time);
        await PutAtRiskAsync(pipeline, "callrecording", time, id: "other");
        return await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
    }

    private static async Task WarnAsync(Pipeline pipeline) =>
        await pipeline.Get<Notifier>().WarnAsync(await pipeline.Get<StatusReader>().ReadAsync(Cancellation), Cancellation);

    /// <summary>Three objects that are archived, and one that failed.</summary>
    private static async Task FillAsync(Pipeline pipeline)
    {
        foreach (var bytes in (int[])[1000, 1000, 2096])
        {
            pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = Now.AddHours(-2), Bytes = bytes, ObjectName = "secret name.mp3" });
        }

        var failed = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = Now.AddHours(-2), ObjectName = "secret name.mp3" });
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 403, Id = failed.Id, Body = "secret name" });
        await pipeline.RunAsync();
        pipeline.Simulator.Faults.Set();
    }

    private static Task FailDrillAsync(Pipeline pipeline) => pipeline.Get<DrillRecord>().WriteAsync(
        new DrillReport(Now, Seed: 1, Archived: 1, Objects: 1, Bytes: 1000, Failed: 1, [new DrillProblem("us-east", "x", "b", "Its content is missing.")]),
        Cancellation);

    private static Task PutAtRiskAsync(Pipeline pipeline, string type = "voicemail", TimeProvider? time = null, string id = "at-risk")
    {
        var created = (time ?? TimeProvider.System).GetUtcNow().AddDays(-25);
        var entry = LedgerEntry.Queued(
            "us-east",
            EightByEight.StorageObject.Parse(BinaryData.FromObjectAsJson(new { id, type, createdTime = created.UtcDateTime.ToString("s") })),
            created);
        return pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
    }

    private static async Task NoteListedAsync(Pipeline pipeline, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var watermark = await pipeline.Get<ListingStore>().FindWatermarkAsync("us-east", Cancellation)
            ?? new WatermarkRow { Region = "us-east", Began = now.AddDays(-1) };
        (watermark.LastCompleted, watermark.Watermark) = (now, now);
        await pipeline.Get<ListingStore>().TryWriteWatermarkAsync(watermark, Cancellation);
    }

    private static async Task AssertValidAsync(string schema, string body) =>
        Assert.Empty((await JsonSchema.FromJsonAsync(schema, Cancellation)).Validate(body));
}
